import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readSol } from "@millrace/core/amf";
import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	args: place => [place.folder],
	expect: [/^flushed: visit 1, \d+ bytes$/m],
	async verify({ folder }) {
		const { name, data } = readSol(await readFile(join(folder, "localhost/example/visits.sol")));
		if (name !== "visits" || data["count"] !== 1) throw new Error(`The file ${name} counts ${String(data["count"])}.`);
	},
};
