import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	args: ({ server }) => [`rtmp://${server}/hello`, "Anna"],
	expect: [
		/^NetConnection\.Connect\.Success$/m,
		/^the server says: Hello, Anna!$/m,
		/^connected by rtmp, with nobody beside me$/m,
		/^the server's last words: Goodbye, Anna!$/m,
		/^NetConnection\.Connect\.Closed$/m,
	],
};
