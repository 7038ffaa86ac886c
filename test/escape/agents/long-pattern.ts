// A package that offers paths by a pattern with hundreds of thousands of stars, each of which stands for what was asked: a
// short import becomes a path of hundreds of megabytes, which is normalised, divided and looked up.
// Invariant: no path is put together that is longer than any path can be.
import "amp/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

export default () => undefined;
