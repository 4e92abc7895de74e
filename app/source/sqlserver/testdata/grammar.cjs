// Reads a JSON array of T-SQL statements from standard input and writes, for
// each, the array of what the grammar has against it. The first argument is the
// folder that holds the packages.
"use strict";
const { createRequire } = require("node:module");
const path = require("node:path");

const load = createRequire(path.join(process.argv[2], "grammar.cjs"));
const { antlr4tsSQL, SQLDialect } = load("antlr4ts-sql");

function problems(sql) {
  const found = [];
  const listener = {
    syntaxError: (_recognizer, _symbol, line, column, message) => found.push(`${line}:${column} ${message}`),
  };
  const dialect = new antlr4tsSQL(SQLDialect.TSQL);
  const parser = dialect.getParser(dialect.getTokens(sql, [listener]), [listener]);
  dialect.getParseTree(parser);
  return found;
}

let text = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (part) => (text += part));
process.stdin.on("end", () => process.stdout.write(JSON.stringify(JSON.parse(text).map(problems))));
