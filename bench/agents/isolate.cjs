// A bare isolated-vm script: an isolate in its own process, one call out of it, no manifest and no log.
const ivm = require("isolated-vm");

const isolate = new ivm.Isolate({ memoryLimit: 128 });
const context = isolate.createContextSync();
context.global.setSync("greet", new ivm.Callback((name) => `Hello, ${name}. All is well at the desk.`));
console.log(context.evalSync('greet("bench")'));
