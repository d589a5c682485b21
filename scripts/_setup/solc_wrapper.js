#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Stands in for the native solc where that cannot be downloaded: the official compiler from npm,
// behind the two calls that py-solc-x makes (`--version`, and `--standard-json` with the input
// on stdin). Imports are read from disk below --base-path and --include-path.
"use strict";
const fs = require("fs");
const path = require("path");

const args = process.argv.slice(2);
const bases = [];
for (let i = 0; i < args.length; i++) {
  const [flag, inline] = args[i].split("=");
  if (flag === "--base-path" || flag === "--include-path") bases.push(inline ?? args[++i]);
}

const solc = require("solc");
if (args.includes("--version")) {
  console.log("solc, the solidity compiler commandline interface");
  console.log(`Version: ${solc.version().replace(".Emscripten.clang", ".Linux.g++")}`);
  process.exit(0);
}
if (!args.includes("--standard-json")) {
  console.error("solc wrapper: only --version and --standard-json are supported");
  process.exit(1);
}

function read(wanted) {
  for (const base of bases.length ? bases : ["."]) {
    try {
      return { contents: fs.readFileSync(path.resolve(base, wanted), "utf8") };
    } catch (error) {
      if (error.code !== "ENOENT") return { error: error.message };
    }
  }
  return { error: `File not found: ${wanted}` };
}

const output = solc.compile(fs.readFileSync(0, "utf8"), { import: read });
fs.writeFileSync(1, output);
