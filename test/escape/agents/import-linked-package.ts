// A package in node_modules that is a link to a folder outside of the project.
// Invariant: a package is judged by where it really lies.
import secret from "evil/canary.json";

export default () => secret;
