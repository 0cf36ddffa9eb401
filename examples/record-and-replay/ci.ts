import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	args: ({ file, server }) => [file, `rtmp://${server}/live/recorded`, "2"],
	expect: [
		/^status: NetStream\.Record\.Start$/m,
		/^sent (1\.[89]|2\.\d) s$/m,
		/^status: NetStream\.Record\.Stop$/m,
		/^recorded (1\.[5-9]|2\.\d) s$/m,
		/^played [3-9]\d pictures$/m,
	],
};
