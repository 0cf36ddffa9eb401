import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	args: ({ port, closedPort }) => ["rtmp://127.0.0.1/live", `${closedPort},${port}`],
	expect: [
		/^trying rtmp:/m,
		/^error NetConnection\.Connect\.Failed$/m,
		/^trying rtmp:/m,
		/^status NetConnection\.Connect\.Success$/m,
		/^connected to rtmp:/m,
	],
};
