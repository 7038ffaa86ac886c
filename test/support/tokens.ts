// A tokenizer for TypeScript, just deep enough for the architecture's rules: it tells code from comments, strings,
// templates and regular expressions, so that a rule never trips over a word in a text and never misses one in code.
// TypeScript 7 has no compiler API for JavaScript, hence our own. Not a parser: it knows no grammar beyond brackets.

export interface Token {
  readonly kind: "word" | "number" | "string" | "template" | "regex" | "mark";
  /** The text as written; of a string, and of a template without substitutions, its contents (escapes as written). */
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** Words after which a slash starts a regular expression, though words are values elsewhere. */
const BEFORE_REGEX: ReadonlySet<string> = new Set(
  "return typeof case in of delete void throw new instanceof else do yield await".split(" "),
);
const WORD_START = /[\p{ID_Start}$_#]/u;
const WORD = /[\p{ID_Continue}$#]+/uy;
const NUMBER = /(0[xXoObB][\da-fA-F_]+n?|(\d[\d_]*)?\.?\d[\d_]*([eE][+-]?\d+)?n?)/y;
const SPACE = /\s+/y;
const LINE_COMMENT = /(\/\/|^#!)[^\n]*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//y;
const STRING = /'((?:[^'\\\n]|\\[\s\S])*)'|"((?:[^"\\\n]|\\[\s\S])*)"/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const TEMPLATE_PART = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y;

/** @throws SyntaxError where the text is not what a tokenizer can read; nothing is skipped in silence. */
export function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  /** For each open template: how many braces are open within its current substitution. */
  const templates: number[] = [];
  let at = 0;
  let line = 1;

  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match === null || match[0] === "") return undefined;
    at += match[0].length;
    return match;
  };
  const push = (kind: Token["kind"], text: string, raw: string): void => {
    tokens.push({ kind, text, line });
    countLines(raw);
  };
  const countLines = (raw: string): void => {
    for (const character of raw) if (character === "\n") line++;
  };
  /** Reads on from inside a template to its end or its next substitution. */
  const template = (first: boolean): void => {
    const part = take(TEMPLATE_PART)?.[0] ?? "";
    if (source[at] === "`") {
      at++;
      push(first ? "template" : "mark", first ? part : "`", part);
    } else if (source.startsWith("${", at)) {
      at += 2;
      push("mark", "${", part);
      templates.push(0);
    } else throw new SyntaxError(`line ${line}: a template without an end`);
  };

  while (at < source.length) {
    const skipped = take(SPACE) ?? take(LINE_COMMENT) ?? take(BLOCK_COMMENT);
    if (skipped !== undefined) {
      countLines(skipped[0]);
      continue;
    }
    const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
    const text = character === '"' || character === "'" ? take(STRING) : undefined;
    if (text !== undefined) push("string", text[1] ?? text[2] ?? "", text[0]);
    else if (/\d/.test(character) || (character === "." && /\d/.test(source[at + 1] ?? ""))) {
      const number = take(NUMBER);
      if (number === undefined) throw new SyntaxError(`line ${line}: a malformed number`);
      push("number", number[0], number[0]);
    } else if (WORD_START.test(character)) {
      const word = take(WORD)?.[0] ?? character;
      push("word", word, word);
    } else if (character === "`") {
      at++;
      template(true);
    } else if (character === "/" && startsRegex(tokens.at(-1))) {
      const regex = take(REGEX);
      if (regex === undefined) throw new SyntaxError(`line ${line}: a regular expression without an end`);
      push("regex", regex[0], regex[0]);
    } else if (character === '"' || character === "'") {
      throw new SyntaxError(`line ${line}: a string without an end`);
    } else {
      at += character.length;
      if (character === "}" && templates.at(-1) === 0) {
        templates.pop();
        template(false);
        continue;
      }
      const open = templates.length - 1;
      if (open >= 0 && character === "{") templates[open] = (templates[open] ?? 0) + 1;
      if (open >= 0 && character === "}") templates[open] = (templates[open] ?? 0) - 1;
      push("mark", character, character);
    }
  }
  if (templates.length > 0) throw new SyntaxError(`line ${line}: a template without an end`);
  return tokens;
}

function startsRegex(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === "word") return BEFORE_REGEX.has(previous.text);
  return previous.kind === "mark" && ![")", "]", "}", "`"].includes(previous.text);
}

/** Where the tokens read `texts` one after the other, outside strings: `["process", ".", "env"]`. */
export function findSequence(tokens: readonly Token[], texts: readonly string[]): readonly number[] {
  const found: number[] = [];
  for (let i = 0; i + texts.length <= tokens.length; i++) {
    const matches = texts.every((text, j) => tokens[i + j]?.text === text && isCode(tokens[i + j]));
    if (matches) found.push(i);
  }
  return found;
}

function isCode(token: Token | undefined): boolean {
  return token?.kind === "word" || token?.kind === "mark";
}
