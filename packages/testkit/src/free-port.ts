import { createServer } from "node:net";

/** A TCP port of 127.0.0.1 that nothing listens on; the same port is not given out twice by one process. */
export async function freePort(): Promise<number> {
	for (;;) {
		const port = await takePort();
		if (!given.has(port)) {
			given.add(port);
			return port;
		}
	}
}

const given = new Set<number>();

function takePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => {
			const address = server.address();
			const port = typeof address === "object" && address ? address.port : 0;
			server.close(() => resolve(port));
		});
	});
}
