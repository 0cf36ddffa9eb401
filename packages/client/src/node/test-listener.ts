import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import {
	createServer as createHttpServer,
	type Server as HttpServer,
	type IncomingMessage,
	type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { WebSocketServer } from "ws";
import { TestServer } from "../test-network.ts";

/** How a listener speaks. */
export type TestWire = "tcp" | "tls" | "http" | "https" | "websocket";

/** A server's core behind real sockets on this machine, that accepts everyone. */
export class TestListener {
	readonly servers: TestServer[] = [];
	/** Whether HTTP requests open tunnels. */
	hasTunnel = true;
	/** The requests of tunnels, as method, path and the headers that tell who came how. */
	readonly requests: { readonly url: string; readonly host: string | undefined; readonly type: string | undefined }[] =
		[];
	readonly #sockets = new Set<Socket>();
	readonly #tunnels = new Map<string, TestServer>();
	#server: Server | HttpServer | undefined;

	get port(): number {
		return (this.#server!.address() as AddressInfo).port;
	}

	static async open(wire: TestWire, certificate?: TestCertificate): Promise<TestListener> {
		const listener = new TestListener();
		const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
			listener.#onRequest(request, response);
		const server =
			wire === "tcp"
				? createTcpServer(socket => listener.#onSocket(socket))
				: wire === "tls"
					? createTlsServer({ ...certificate }, socket => listener.#onSocket(socket))
					: wire === "https"
						? createHttpsServer({ ...certificate }, onRequest)
						: createHttpServer(onRequest);
		listener.#server = server;
		if (wire === "websocket") {
			const sockets = new WebSocketServer({ server: server as HttpServer, path: "/rtmp" });
			sockets.on("connection", socket => {
				const { connection } = listener.#accept();
				socket.on("message", (bytes: Buffer) => {
					connection.receive(bytes, performance.now());
					for (const slice of connection.link.takeOutput()) socket.send(slice);
				});
			});
		}
		server.on("connection", (socket: Socket) => {
			listener.#sockets.add(socket.on("error", () => undefined));
		});
		await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
		return listener;
	}

	async close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		await new Promise(resolve => this.#server!.close(resolve));
	}

	#accept(): TestServer {
		const answers = {
			connect: (server: TestServer) => server.connection.acceptConnect(),
			publish: () => undefined,
			play: () => undefined,
			call: (server: TestServer, call: Parameters<TestServer["onCall"]>[0]) =>
				server.connection.sendResult(call, call.args[0]),
			sharedObject: () => undefined,
			closed: () => undefined,
		};
		const server = new TestServer(answers, performance.now());
		this.servers.push(server);
		return server;
	}

	#onSocket(socket: Socket): void {
		const { connection } = this.#accept();
		socket.on("error", () => undefined);
		socket.on("data", bytes => {
			connection.receive(bytes as Buffer, performance.now());
			for (const slice of connection.link.takeOutput()) socket.write(slice);
		});
	}

	#onRequest(request: IncomingMessage, response: ServerResponse): void {
		const url = request.url ?? "";
		this.requests.push({ url, host: request.headers.host, type: request.headers["content-type"] });
		const parts: Buffer[] = [];
		request.on("data", (part: Buffer) => parts.push(part));
		request.on("end", () => {
			const [, verb = "", id = ""] = url.split("/");
			response.setHeader("Access-Control-Allow-Origin", "*");
			if (verb === "open" && this.hasTunnel) {
				const fresh = `id${this.servers.length}`;
				this.#tunnels.set(fresh, this.#accept());
				response.end(`${fresh}\n`);
				return;
			}
			const connection = this.#tunnels.get(id)?.connection;
			if (connection === undefined) response.writeHead(404).end();
			else if (verb === "close") response.end(Uint8Array.of(0));
			else {
				if (verb === "send") connection.receive(Buffer.concat(parts), performance.now());
				response.end(Buffer.concat([Uint8Array.of(1), ...connection.link.takeOutput()]));
			}
		});
	}
}

/** An HTTP proxy that forwards to a listener on this machine, whatever host it is asked for. */
export class TestProxy {
	readonly seen: { readonly line: string; readonly authorization: string | undefined }[] = [];
	readonly #server: HttpServer;
	readonly #sockets = new Set<Socket>();

	private constructor(target: () => number, credentials: string | undefined) {
		this.#server = createHttpServer((request, response) => {
			const authorization = request.headers["proxy-authorization"];
			this.seen.push({ line: `${request.method} ${request.url}`, authorization });
			if (authorization !== credentials) {
				response.writeHead(407).end();
				return;
			}
			const { pathname } = new URL(request.url ?? "");
			const parts: Buffer[] = [];
			request.on("data", (part: Buffer) => parts.push(part));
			request.on("end", () => {
				fetch(`http://127.0.0.1:${target()}${pathname}`, { method: "POST", body: Buffer.concat(parts) }).then(
					async answer => response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer())),
					() => response.writeHead(502).end(),
				);
			});
		});
		this.#server.on("connection", (socket: Socket) => this.#sockets.add(socket.on("error", () => undefined)));
		this.#server.on("connect", (request, client: Socket) => {
			const authorization = request.headers["proxy-authorization"];
			this.seen.push({ line: `CONNECT ${request.url}`, authorization });
			if (authorization !== credentials) {
				client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
				return;
			}
			const upstream = connect(target(), "127.0.0.1", () => {
				client.write("HTTP/1.1 200 Connection established\r\n\r\n");
				client.pipe(upstream).pipe(client);
			});
			upstream.on("error", () => client.destroy());
			client.on("error", () => upstream.destroy());
			client.on("close", () => upstream.destroy());
		});
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	/** @param credentials the header's value that it demands */
	static async open(target: () => number, credentials?: string): Promise<TestProxy> {
		const proxy = new TestProxy(target, credentials);
		await new Promise<void>(resolve => proxy.#server.listen(0, "127.0.0.1", resolve));
		return proxy;
	}

	async close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		await new Promise(resolve => this.#server.close(resolve));
	}
}

/** A key and its self-signed certificate, for `media.test`. */
export type TestCertificate = { readonly key: string; readonly cert: string };

/** @throws where there is no `openssl` */
export function makeCertificate(): TestCertificate {
	const folder = mkdtempSync(join(tmpdir(), "millrace-certificate-"));
	try {
		const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
		const subject = ["-subj", "/CN=media.test", "-addext", "subjectAltName=DNS:media.test"];
		const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
		execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert, ...subject], { stdio: "pipe" });
		return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
	} finally {
		rmSync(folder, { recursive: true });
	}
}
