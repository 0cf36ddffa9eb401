import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * A TCP proxy that can fall silent: bytes are swallowed in both directions while every connection stays open, as when a
 * cable is pulled behind the next switch.
 */
export class SilentProxy {
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	#silent = false;

	private constructor(server: Server) {
		this.#server = server;
	}

	/** Listens on a free port of 127.0.0.1 and forwards to `port` there. */
	static async start(port: number): Promise<SilentProxy> {
		const server = createServer({ allowHalfOpen: false });
		const proxy = new SilentProxy(server);
		server.on("connection", inner => proxy.#forward(inner, connect(port, "127.0.0.1")));
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen(0, "127.0.0.1", resolve);
		});
		return proxy;
	}

	get port(): number {
		const address = this.#server.address();
		if (typeof address !== "object" || !address) throw new Error("the proxy does not listen");
		return address.port;
	}

	/** From now on nothing passes, not even the end of a connection. */
	fallSilent(): void {
		this.#silent = true;
	}

	/** Ends the proxy and its connections. */
	async stop(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		await new Promise<void>(resolve => this.#server.close(() => resolve()));
	}

	#forward(left: Socket, right: Socket): void {
		for (const [from, to] of [
			[left, right],
			[right, left],
		] as const) {
			this.#sockets.add(from);
			from.setNoDelay(true);
			from.on("data", bytes => {
				if (!this.#silent) to.write(bytes);
			});
			// The other side is told of an end or a reset, unless the line is silent.
			from.on("error", () => {});
			from.on("close", () => {
				this.#sockets.delete(from);
				if (!this.#silent) to.destroy();
			});
		}
	}
}
