import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	async prepare({ applications, shortFile }) {
		const media = join(applications, "channel", "media");
		await mkdir(media, { recursive: true });
		for (const name of ["first.flv", "second.flv"]) await cp(shortFile, join(media, name));
	},
	args: ({ server }) => [`rtmp://${server}/channel`, "4"],
	expect: [
		/^now playing: first$/m,
		/^now playing: second$/m,
		/^now playing: first$/m,
		/^now playing: second$/m,
		/^pictures up to \d+\.\d s of the stream$/m,
	],
};
