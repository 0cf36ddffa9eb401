import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	args: ({ server }) => [`rtmp://${server}/whiteboard/one`, "wipe"],
	expect: [
		/^I draw in #[0-9a-f]{6}$/m,
		/^strokes on the board: 0$/m,
		/^success \d+$/m,
		/^strokes on the board: 1$/m,
		/^wiped, and written: true$/m,
	],
	async verify({ applications }) {
		const kept = join(applications, "whiteboard", "sharedobjects");
		if (!existsSync(kept)) throw new Error(`The board is not kept in ${kept}.`);
	},
};
