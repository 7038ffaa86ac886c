// An import by absolute path: a compiler reads the file and puts it into the program, with no call and no record.
// Invariant: nothing is read outside the project.
import secret from "/CANARY_FOLDER/canary.json";

export default () => secret;
