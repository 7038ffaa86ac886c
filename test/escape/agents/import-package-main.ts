// A package whose package.json says that its main file lies outside of it, and of the project.
// Invariant: a package.json leads nowhere that an import could not.
import secret from "evil";

export default () => secret;
