import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	args: place => [`rtmp://${place.server}/vod/sample`, "5"],
	expect: [
		/^status: NetStream\.Play\.Start$/m,
		/^metadata: 8(\.\d+)? s$/m,
		/^playing at 0 s$/m,
		/^status: NetStream\.Seek\.Notify$/m,
		/^playing at [45]\.\d s$/m,
		/^play status: NetStream\.Play\.Complete$/m,
	],
};
