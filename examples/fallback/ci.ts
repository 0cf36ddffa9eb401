import type { ExampleCheck } from "../example.ts";

export const check: ExampleCheck = {
	args: ({ port, closedPort }) => ["rtmp://127.0.0.1/live", "R3", `${closedPort},${port}`],
	expect: [
		/^0 ms rtmp \d+ trying$/m,
		/^0 ms rtmp \d+ failed .*ECONNREFUSED/m,
		/^\d+ ms rtmp \d+ chosen$/m,
		/^status NetConnection\.Connect\.Success$/m,
		/^protocol rtmp, proxy none, TLS false$/m,
		/^status NetConnection\.Connect\.Closed$/m,
	],
};
