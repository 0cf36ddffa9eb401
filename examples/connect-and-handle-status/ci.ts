import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	args: ({ server }) => [`rtmp://${server}/live`],
	expect: [
		/^event\.info\.level: status$/m,
		/^event\.info\.code: NetConnection\.Connect\.Success$/m,
		/you're connected/,
		/^event\.info\.code: NetConnection\.Connect\.Closed$/m,
	],
};
