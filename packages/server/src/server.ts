import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import type { Socket, Server as TcpServer } from "node:net";
import { fileURLToPath } from "node:url";
import { Slab } from "@millrace/core/bytes";
import { UsageError } from "@millrace/core/fault";
import { SharedBudget } from "@millrace/core/rtmp";
import { mayPublish } from "./access/index.ts";
import { describeCodecs, LiveView, type ServerView } from "./admin/index.ts";
import { InstanceDirectory, LiveApplicationHost, StreamName } from "./app/index.ts";
import {
	type ApplicationOptions,
	applicationOptions,
	resolveOptions,
	type ServerOptions,
	type ServerOptionsInput,
} from "./config/index.ts";
import { DemoPublisher } from "./demo/index.ts";
import { createHttpApplication, type HttpApplication } from "./http/index.ts";
import { Hub, type HubClock, type LiveStream, type LiveStreamOptions, type Viewer } from "./hub/index.ts";
import { type EventLog, silentLog } from "./log/index.ts";
import { ConnectionRate, closeServer, listen, listenTcp, plainAddress, portOf, SocketWire } from "./net/index.ts";
import { FlvOutput } from "./output/index.ts";
import { type ApplicationRules, RtmpPeer } from "./rtmp/index.ts";
import { VERSION } from "./version.ts";

/** Where a server listens, with the port that it really has. */
export type ServerAddress = { readonly protocol: "rtmp" | "http"; readonly host: string; readonly port: number };

/** What a program that embeds a server gives it beside the settings. */
export type ServerDependencies = {
	/** Where events go. Default: nowhere. */
	readonly log?: EventLog;
};

/** Makes a server. Nothing listens until `start`. Unknown or impossible settings throw a `ConfigError`. */
export function createServer(options: ServerOptionsInput = {}, dependencies: ServerDependencies = {}): MillraceServer {
	return new MillraceServer(resolveOptions(options), dependencies.log ?? silentLog);
}

/** How often deadlines of connections are looked at, in milliseconds. */
const TIMEOUT_SWEEP_MILLIS = 250;
/** Time that clients get to read their goodbye, in milliseconds. */
const STOP_MILLIS = 2000;
const HTTP_HEADERS_TIMEOUT_MILLIS = 10_000;

/** A media server: puts listeners, peers, applications and the hub together. Several can run in one process. */
export class MillraceServer {
	readonly options: ServerOptions;
	readonly #log: EventLog;
	readonly #clock: HubClock = {
		now: () => performance.now(),
		schedule(millis, action) {
			const timer = setTimeout(action, millis);
			return () => clearTimeout(timer);
		},
		afterInput(action) {
			const immediate = setImmediate(action);
			return () => clearImmediate(immediate);
		},
	};
	readonly #budget: SharedBudget;
	readonly #slab = new Slab();
	readonly #rate: ConnectionRate;
	readonly #hub: Hub;
	readonly #view: LiveView;
	readonly #instances = new InstanceDirectory(new LiveApplicationHost());
	readonly #rules = new Map<string, ApplicationRules | undefined>();
	readonly #peers = new Set<RtmpPeer>();
	readonly #flv: FlvOutput;
	readonly #servers: (TcpServer | HttpServer)[] = [];
	readonly #addresses: ServerAddress[] = [];
	readonly #startedAt = Date.now();
	#pages: HttpApplication | undefined;
	#demo: DemoPublisher | undefined;
	#sweep: NodeJS.Timeout | undefined;
	#nextId = 1;
	#state: "new" | "running" | "stopped" = "new";
	#stopping: Promise<void> | undefined;

	constructor(options: ServerOptions, log: EventLog) {
		this.options = options;
		this.#log = log;
		this.#budget = new SharedBudget(options.limits.sharedBytes);
		this.#rate = new ConnectionRate(options.limits.connectionsPerAddressPerMinute);
		this.#hub = new Hub(this.#clock, {
			onViewerSkipped: (stream, viewer) => this.#onViewerSkipped(stream, viewer),
		});
		this.#view = new LiveView(this.#hub, Date.now() - performance.now(), () => ({
			version: VERSION,
			startedAt: this.#startedAt,
			rtmpPort: this.#addresses.find(address => address.protocol === "rtmp")?.port ?? 0,
			connections: this.connectionCount,
			publishKeyNeeded: options.publish.from !== "anywhere",
		}));
		this.#flv = new FlvOutput({
			hub: this.#hub,
			log,
			cors: options.http.cors,
			hasRoom: () => this.#hasRoom,
			nextId: () => this.#id(),
			now: this.#clock.now,
		});
	}

	/** Where it listens; empty before `start`. */
	get addresses(): readonly ServerAddress[] {
		return this.#addresses;
	}

	/** What pages and metrics see. */
	get view(): ServerView {
		return this.#view;
	}

	/** RTMP clients and FLV viewers. */
	get connectionCount(): number {
		return this.#peers.size + this.#flv.viewerCount;
	}

	/** Listens on every address of the settings. Rejects with the system's error, and listens nowhere then. */
	async start(): Promise<void> {
		if (this.#state !== "new") throw new UsageError("USAGE", "A server is started once.");
		this.#state = "running";
		try {
			for (const { protocol, host, port } of this.options.listeners) {
				const server = protocol === "rtmp" ? await this.#listenRtmp(host, port) : await this.#listenHttp(host, port);
				if (this.#stopping !== undefined) {
					await closeServer(server);
					return;
				}
				server.on("error", error => this.#log.error("listener", { protocol, error }));
				this.#servers.push(server);
				this.#addresses.push({ protocol, host, port: portOf(server) });
			}
			if (this.options.demo) await this.#startDemo();
		} catch (error) {
			await this.stop();
			throw error;
		}
		if (this.#stopping === undefined) this.#sweep = setInterval(() => this.#handleTimeouts(), TIMEOUT_SWEEP_MILLIS);
	}

	/** Tells every client, closes every connection and listener, and resolves when all is closed, in some two seconds. */
	stop(): Promise<void> {
		if (this.#state === "new") return Promise.resolve();
		this.#stopping ??= this.#stop();
		return this.#stopping;
	}

	async #stop(): Promise<void> {
		this.#state = "stopped";
		clearInterval(this.#sweep);
		const closed = this.#servers.map(closeServer);
		this.#demo?.stop();
		this.#hub.stop();
		this.#flv.stop();
		for (const peer of [...this.#peers]) peer.stop();
		const late = setTimeout(() => this.#destroyConnections(), STOP_MILLIS);
		await this.#pages?.close();
		for (const server of this.#servers) if ("closeIdleConnections" in server) server.closeIdleConnections();
		await Promise.all(closed);
		clearTimeout(late);
		this.#instances.stop();
	}

	async #listenRtmp(host: string, port: number): Promise<TcpServer> {
		const { rtmp, limits } = this.options;
		const context = {
			hub: this.#hub,
			instances: this.#instances,
			log: this.#log,
			connection: { ...rtmp, limits, budget: this.#budget, slab: this.#slab },
			encryption: rtmp.encryption,
			now: this.#clock.now,
			random: (count: number) => randomBytes(count),
			application: (name: string) => this.#application(name),
			describe: (name: StreamName) => this.#describe(name),
		};
		return listenTcp({ host, port }, socket => {
			const refusal = this.#refusalOf(socket);
			if (refusal !== undefined) {
				this.#log.warn("refuse", { from: plainAddress(socket.remoteAddress ?? ""), text: refusal });
				// A reset: nothing stays behind of a connection that was never taken.
				socket.resetAndDestroy();
				return;
			}
			const peer = new RtmpPeer(
				this.#id(),
				handler => new SocketWire(socket, handler),
				context,
				gone => this.#peers.delete(gone),
			);
			this.#peers.add(peer);
		});
	}

	/** Why a connection is not taken, or `undefined`. */
	#refusalOf(socket: Socket): string | undefined {
		const { connections, connectionsPerAddressPerMinute } = this.options.limits;
		if (this.#state !== "running") return "The server stops.";
		if (this.connectionCount >= connections) return `More than ${connections} connections.`;
		if (this.#rate.admit(plainAddress(socket.remoteAddress ?? ""), this.#clock.now())) return undefined;
		return `More than ${connectionsPerAddressPerMinute} connections in a minute.`;
	}

	async #listenHttp(host: string, port: number): Promise<HttpServer> {
		this.#pages ??= await createHttpApplication({
			view: this.#view,
			consoleDir: consoleFolder(),
			onError: (error, { method, url }) => this.#log.error("http-error", { error, method, url }),
		});
		const pages = this.#pages;
		const options = {
			headersTimeout: HTTP_HEADERS_TIMEOUT_MILLIS,
			// A client that offers another protocol beside (h2c: curl, Java) is answered in HTTP/1.1. Node before 24.9 does
			// not know this and asks for every upgrade.
			shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === "websocket",
		};
		const server = createHttpServer(options, (request, response) => {
			if (FlvOutput.isFlvPath(request.url ?? "")) this.#flv.handle(request, response);
			else pages.handle(request, response);
		});
		server.maxConnections = this.options.limits.connections;
		server.on("upgrade", (request, socket, head) => this.#flv.handleUpgrade(request, socket, head));
		await listen(server, { host, port });
		return server;
	}

	/** Settings of an application by name, worked out once. */
	#application(name: string): ApplicationRules | undefined {
		if (!this.#rules.has(name)) {
			const options = applicationOptions(this.options, name);
			// Any name may be asked for: only those that exist by name are kept.
			if (options === undefined || !Object.hasOwn(this.options.applications, name)) return options && rulesOf(options);
			this.#rules.set(name, rulesOf(options));
		}
		return this.#rules.get(name);
	}

	#describe(name: StreamName): string {
		const facts = this.#hub.find(name.key)?.cache.codecFacts();
		return facts === undefined ? "" : describeCodecs(facts);
	}

	#onViewerSkipped(stream: LiveStream, viewer: Viewer): void {
		this.#log.warn("slow-viewer", { stream: String(StreamName.fromKey(stream.key)), skips: viewer.skips });
	}

	#handleTimeouts(): void {
		const now = this.#clock.now();
		for (const peer of this.#peers) if (now >= peer.deadline) peer.handleTimeout(now);
	}

	async #startDemo(): Promise<void> {
		const rules = this.#application(DEMO_STREAM.application);
		if (rules === undefined) return;
		const clip = await readFile(DEMO_CLIP);
		this.#demo = new DemoPublisher(clip, this.#clock);
		this.#demo.start(this.#hub.open(DEMO_STREAM.key, rules.live));
	}

	#destroyConnections(): void {
		for (const peer of [...this.#peers]) peer.destroy();
		this.#flv.destroy();
		for (const server of this.#servers) if ("closeAllConnections" in server) server.closeAllConnections();
	}

	get #hasRoom(): boolean {
		return this.#state === "running" && this.connectionCount < this.options.limits.connections;
	}

	#id(): string {
		return `c${this.#nextId++}`;
	}
}

const DEMO_STREAM = new StreamName("live", "_definst_", "demo");
const DEMO_CLIP = new URL("../media/demo.flv", import.meta.url);

/** The built pages: inside this package once it is built, beside it in the repository. */
function consoleFolder(): string {
	const inside = fileURLToPath(new URL("./console/", import.meta.url));
	return existsSync(inside) ? inside : fileURLToPath(new URL("../../console/dist/", import.meta.url));
}

function rulesOf({ publish, live }: ApplicationOptions): ApplicationRules {
	const liveOptions: LiveStreamOptions = {
		latency: live.latency,
		defaultWindowMillis: live.windowMillis.default,
		scaleWindowMillis: live.windowMillis.scale,
		audioFlushMillis: live.audioFlushMillis,
		gopCache: live.gopCache,
		viewerQueue: live.viewerQueue,
		timestamps: { jumpMillis: live.timestamps.jumpMillis, backwardMillis: BACKWARD_MILLIS },
		duplicate: publish.duplicate,
		graceMillis: publish.graceMillis,
		idleTimeoutMillis: publish.idleTimeoutMillis,
	};
	return {
		live: liveOptions,
		mayPublish: (remoteAddress, key) => mayPublish({ remoteAddress, key }, { from: publish.from, key: publish.key }),
	};
}

/** A clock that goes back by more has restarted; less is audio and video out of step. */
const BACKWARD_MILLIS = 1000;
