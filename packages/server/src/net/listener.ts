import type { Server } from "node:net";

/** Where a server listens. */
export type ListenAddress = {
	/** `::` takes IPv6 and IPv4, or IPv4 alone where the machine has no IPv6. */
	readonly host: string;
	/** 0: any free one. */
	readonly port: number;
};

/** Lets a server listen; `::` falls back to `0.0.0.0` on machines without IPv6. */
export async function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
	try {
		await listenOn(server, host, port);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (host !== "::" || (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL")) throw error;
		await listenOn(server, "0.0.0.0", port);
	}
}

/** The port that a listening server has. */
export function portOf(server: Server): number {
	const address = server.address();
	return typeof address === "object" && address !== null ? address.port : 0;
}

/** Closes a server; connections that are open are the caller's. */
export function closeServer(server: Server): Promise<void> {
	return new Promise(resolve => {
		if (server.listening) server.close(() => resolve());
		else resolve();
	});
}

/** Long enough for a burst of players that join at once. */
const BACKLOG = 4096;

function listenOn(server: Server, host: string, port: number): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen({ host, port, backlog: BACKLOG }, () => {
			server.off("error", reject);
			resolve();
		});
	});
}
