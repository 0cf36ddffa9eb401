import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	args: ({ file, server }) => [file, `rtmp://${server}/gate`, "studio", "change-me", "1"],
	expect: [
		/^refused: NetStream\.Publish\.Denied \(studio is not to be published with this key\.\)$/m,
		/^allowed: NetStream\.Publish\.Start$/m,
		/^sent \d{2,} messages$/m,
	],
};
