"use strict";
// The names of the runner (actions/runner, NodeScriptActionHandler); one line each, no secret shown.
const { appendFileSync } = require("node:fs");

const token = process.env.ACTIONS_RUNTIME_TOKEN ?? "";
if (token) console.log(`::add-mask::${token}`);

const outputs = {
  token,
  "cache-url": process.env.ACTIONS_CACHE_URL ?? "",
  "results-url": process.env.ACTIONS_RESULTS_URL ?? "",
  "service-v2": process.env.ACTIONS_CACHE_SERVICE_V2 ?? "",
};
const lines = Object.entries(outputs).map(([name, value]) => `${name}=${value}\n`);
appendFileSync(process.env.GITHUB_OUTPUT, lines.join(""));
