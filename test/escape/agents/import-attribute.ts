// An import attribute asks for a loader by its name: any file becomes a text, whatever it ends in.
// Invariant: an import attribute changes nothing of what may be imported.
import secret from "./beside.txt" with { type: "text" };

export default () => secret;
