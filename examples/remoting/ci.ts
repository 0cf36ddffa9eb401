import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	args: ({ server }) => [`http://${server}/gateway`],
	expect: [
		/^there are apple, pear, plum; 4 apples are 120 p, 10 plums 120 p$/m,
		/^refused: NetConnection\.Call\.Failed \(Who are you\?\)$/m,
		/^ordered: 10 of plum for 120 p \(Order\)$/m,
		/^orders of ann: 1$/m,
	],
};
