import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	async prepare({ applications, shortFile }) {
		const films = join(applications, "vod/media");
		await mkdir(films, { recursive: true });
		await copyFile(shortFile, join(films, "film.flv"));
	},
	args: ({ file, server }) => [file, `rtmp://${server}`, "1"],
	expect: [
		/^live: onBWDone$/m,
		/^live: onFCPublish NetStream\.Publish\.Start$/m,
		/^publish cam: NetStream\.Publish\.Start$/m,
		/^live: onFCUnpublish NetStream\.Unpublish\.Success$/m,
		/^livepkgr: onFCPublish NetStream\.Publish\.Start$/m,
		/^publish show\?\S+: NetStream\.Publish\.Start$/m,
		/^vod: film of (0\.9|1(\.\d+)?)\d* s$/m,
		/^publish film: .*$/m,
		/^dvrcast: DVRGetStreamInfo NetStream\.DVRStreamInfo\.Failed$/m,
		/^dvrcast: DVRSetStreamInfo NetStream\.DVRStreamInfo\.Success$/m,
		/^publish match: NetStream\.Publish\.Start$/m,
		/^dvrcast: DVRGetStreamInfo NetStream\.DVRStreamInfo\.Success$/m,
		/^gate: onFCPublish NetStream\.Publish\.BadName$/m,
		/^publish studio\?key=wrong: .*$/m,
		/^gate: onFCPublish NetStream\.Publish\.Start$/m,
		/^publish studio\?key=change-me: NetStream\.Publish\.Start$/m,
	],
	async verify({ applications }) {
		for (const recording of ["livepkgr/streams/_definst_/show.flv", "dvrcast/streams/_definst_/match.flv"]) {
			if (!existsSync(join(applications, recording))) throw new Error(`${recording} was not recorded.`);
		}
	},
};
