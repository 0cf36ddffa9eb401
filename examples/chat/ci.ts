import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	args: ({ server }) => [`rtmp://${server}/chat/lobby`, "Anna", "/to", "Anna", "Do I hear myself?"],
	expect: [/^here are: Anna$/m, /^Anna whispers: Do I hear myself\?$/m],
};
