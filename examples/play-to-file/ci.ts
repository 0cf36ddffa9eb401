import { join } from "node:path";
import { readFlvFile } from "@millrace/client";
import type { ExampleCheck, ExamplePlace } from "../example.ts";

const path = (place: ExamplePlace): string => join(place.folder, "play-to-file.flv");

export const check: ExampleCheck = {
	args: place => [`rtmp://${place.server}/live/demo`, path(place), "2"],
	expect: [/^metadata: \d+x\d+$/m, /^wrote .*: \d{4,} bytes, 2\.\d s$/m],
	async verify(place) {
		let frames = 0;
		let last = 0;
		for await (const message of readFlvFile(path(place))) {
			if (message.isVideo) frames++;
			last = message.timestamp;
		}
		if (frames < 20 || last < 1500) throw new Error(`The file has ${frames} video messages and ends at ${last} ms.`);
	},
};
