// An import that climbs out of the project.
// Invariant: nothing is read outside the project.
import secret from "../canary.json";

export default () => secret;
