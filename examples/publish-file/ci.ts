import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	args: ({ file, server }) => [file, `rtmp://${server}/live/from-a-file`, "2"],
	expect: [/'from-a-file' is now published/, /^sent \d{2,} messages, \d{4,} bytes, (1\.[89]|2\.\d) s$/m],
};
