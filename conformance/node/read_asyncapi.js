// Reads an AsyncAPI document from standard input with the parser of its authors, and prints what is wrong with it.

const { Parser } = require("@asyncapi/parser");
const fs = require("fs");

(async () => {
  const { document, diagnostics } = await new Parser().parse(fs.readFileSync(0, "utf8"));
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 0);
  for (const { path, message } of errors) console.log(`${path.join(".")}: ${message}`);
  if (errors.length || !document) process.exit(1);
  const operations = document.operations().all();
  console.log(JSON.stringify(Object.fromEntries(operations.map((operation) => [operation.id(), {
    action: operation.action(),
    messages: operation.messages().all().map((message) => message.name()),
    reply: operation.reply()?.messages().all().map((message) => message.name()) ?? null,
  }]))));
})();
