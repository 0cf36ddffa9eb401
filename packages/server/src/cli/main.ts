#!/usr/bin/env node
import { restartWithHeapFlags } from "./heap.ts";

// Before anything else is loaded: what has been loaded is lost where the program starts anew.
if (process.argv[2] === "serve") restartWithHeapFlags(process);
await import("./command-line.ts");
