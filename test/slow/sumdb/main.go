// Judges notes and proofs with golang.org/x/mod/sumdb: the checksum database's own verifiers, which share nothing with
// ours. Reads one question in JSON from each line, and answers each with a line: "accepted", or "rejected: " and why.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Kind      string
	Note      string
	Keys      []string
	Body      []byte
	Hashes    [][]byte
	Index     int64
	Size      int64
	Root      []byte
	OlderSize int64
	OlderRoot []byte
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			fmt.Println("misunderstood:", err)
			continue
		}
		if err := judge(asked); err != nil {
			fmt.Printf("rejected: %q\n", err.Error())
		} else {
			fmt.Println("accepted")
		}
	}
}

func judge(asked question) error {
	switch asked.Kind {
	case "note":
		verifiers := make([]note.Verifier, len(asked.Keys))
		for i, key := range asked.Keys {
			verifier, err := note.NewVerifier(key)
			if err != nil {
				return err
			}
			verifiers[i] = verifier
		}
		_, err := note.Open([]byte(asked.Note), note.VerifierList(verifiers...))
		return err
	case "inclusion":
		return tlog.CheckRecord(hashes(asked.Hashes), asked.Size, hash(asked.Root), asked.Index, tlog.RecordHash(asked.Body))
	case "consistency":
		return tlog.CheckTree(hashes(asked.Hashes), asked.Size, hash(asked.Root), asked.OlderSize, hash(asked.OlderRoot))
	}
	return errors.New("no such question: " + asked.Kind)
}

func hash(bytes []byte) (made tlog.Hash) {
	copy(made[:], bytes)
	return made
}

func hashes(all [][]byte) []tlog.Hash {
	made := make([]tlog.Hash, len(all))
	for i, bytes := range all {
		made[i] = hash(bytes)
	}
	return made
}
