import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Server as HttpServer, IncomingMessage } from "node:http";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MemoryPool, Slab } from "@millrace/core/bytes";
import { UsageError } from "@millrace/core/fault";
import { type NetStatus, netStatus, SharedBudget } from "@millrace/core/rtmp";
import { describeCodecs, LibraryView, LiveView, type PortFacts, type ServerView } from "./admin/index.ts";
import { hostedApplication, StreamName } from "./app/index.ts";
import { resolveOptions, type ServerOptions, type ServerOptionsInput } from "./config/index.ts";
import { DemoPublisher, withDemoFiles } from "./demo/index.ts";
import { createForeignSite, createHttpApplication, type ForeignSite, type HttpApplication } from "./http/index.ts";
import { Hub, type LiveStream, type Viewer } from "./hub/index.ts";
import { MediaLibrary, PlayerSchedule, type RecordedPublisher, Recorder } from "./library/index.ts";
import { type EventLog, silentLog } from "./log/index.ts";
import { originOf } from "./net/index.ts";
import { FlvOutput, PlainFileOutput } from "./output/index.ts";
import { RandomPool } from "./random-pool.ts";
import type { RemotingGateway } from "./remoting/index.ts";
import { EdgeFeeds, type PeerContext } from "./rtmp/index.ts";
import { ServerApplications } from "./server-applications.ts";
import { ServerClients } from "./server-clients.ts";
import { ServerDoor } from "./server-door.ts";
import { createHttpFront } from "./server-http.ts";
import { ServerInstances } from "./server-instances.ts";
import { type ServerAddress, ServerListeners } from "./server-listeners.ts";
import { portsFor } from "./server-ports.ts";
import { createRemotingGateway } from "./server-remoting.ts";
import { VirtualHosts } from "./server-virtual-hosts.ts";
import { systemClock } from "./system-clock.ts";
import { VERSION } from "./version.ts";

export type { ServerAddress } from "./server-listeners.ts";

/** How a server is emptied; what is absent is as the settings say. */
export type DrainOptions = {
	/** The address that clients are sent to: `rtmp://other.example.org/live`; `null`: none. */
	readonly redirect?: string | null;
	/** How long it waits for those that are there, in milliseconds. */
	readonly deadlineMillis?: number;
};

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
/** How often a server that is drained looks whether everyone has gone, in milliseconds. */
const DRAIN_SWEEP_MILLIS = 250;
/** Room for what a player of a file is sent at once, and how many of them are kept for use again. */
const FILE_BLOCK_BYTES = 112 * 1024;
const FILE_BLOCKS = 8;
/** Time that recordings get to be finished, in milliseconds. */
const RECORDINGS_STOP_MILLIS = 10_000;

/** A media server: puts listeners, peers, applications and the hub together. Several can run in one process. */
export class MillraceServer {
	readonly options: ServerOptions;
	readonly #log: EventLog;
	readonly #budget: SharedBudget;
	readonly #slab = new Slab();
	readonly #door: ServerDoor;
	readonly #hub: Hub;
	readonly #recorder: Recorder;
	readonly #library: MediaLibrary;
	readonly #view: LiveView;
	readonly #instances: ServerInstances;
	readonly #applications: ServerApplications;
	readonly #hosts: VirtualHosts | undefined;
	readonly #clients: ServerClients;
	readonly #flv: FlvOutput;
	readonly #files: PlainFileOutput;
	readonly #remoting: RemotingGateway | undefined;
	#listeners: ServerListeners | undefined;
	#foreign: ForeignSite | undefined;
	/** Since it is being emptied: until it has stopped. */
	#drained: Promise<void> | undefined;
	readonly #startedAt = Date.now();
	#pages: HttpApplication | undefined;
	#demo: DemoPublisher | undefined;
	#sweep: NodeJS.Timeout | undefined;
	#nextId = 1;
	#state: "new" | "running" | "stopped" = "new";
	#stopping: Promise<void> | undefined;

	constructor(options: ServerOptions, log: EventLog) {
		this.options = options.demo ? withDemoFiles(options) : options;
		this.#log = log;
		const hosts = VirtualHosts.of(options);
		const hostFolders = hosts?.folders;
		this.#hosts = hosts;
		this.#applications = new ServerApplications(this.options, log, hostFolders);
		this.#door = new ServerDoor({
			options,
			log,
			now: systemClock.now,
			isRunning: () => this.#state === "running",
			connectionCount: () => this.connectionCount,
			waitingCount: () => this.#listeners?.waitingCount ?? 0,
		});
		this.#budget = new SharedBudget(options.limits.sharedBytes);
		this.#hub = new Hub(systemClock, {
			onViewerSkipped: (stream, viewer) => this.#onViewerSkipped(stream, viewer),
		});
		const folder = resolve(options.media.applications);
		this.#recorder = new Recorder({
			folder,
			hostFolders,
			clock: systemClock,
			log,
			onFileFinished: (name, { path, bytes, durationMillis }) =>
				this.#instances.tellRecorded(name, { name: name.name, path, bytes, seconds: durationMillis / 1000 }),
		});
		this.#library = new MediaLibrary({
			applicationsFolder: folder,
			hostFolders,
			foldersOf: name => this.#applications.options(name)?.media,
			growing: path => this.#recorder.growing(path),
			isFinished: (path, bytes) => this.#recorder.isFinished(path, bytes),
		});
		this.#view = new LiveView(this.#hub, Date.now() - performance.now(), () => ({
			version: VERSION,
			startedAt: this.#startedAt,
			rtmpPort: this.addresses.find(address => address.protocol === "rtmp")?.port ?? 0,
			connections: this.connectionCount,
			publishKeyNeeded: options.publish.from !== "anywhere",
		}));
		const hasApplication = (name: string) => this.#applications.has(name);
		const { cors } = options.http;
		const streamOf = hosts?.streamOf.bind(hosts);
		this.#files = new PlainFileOutput({ library: this.#library, log, cors, hasApplication, streamOf });
		this.#flv = new FlvOutput({
			hub: this.#hub,
			catalog: this.#library,
			hasApplication,
			streamOf,
			log,
			cors,
			hasRoom: () => this.#door.hasRoomForViewer,
			nextId: () => this.#id(),
			addressOf: request => this.#door.originOf(request).address,
			now: systemClock.now,
		});
		const schedule = new PlayerSchedule(systemClock);
		this.#instances = new ServerInstances({
			applications: this.#applications,
			folder,
			hostFolders,
			sharedObjectBytes: options.limits.sharedObjectBytes,
			hub: this.#hub,
			library: this.#library,
			recorder: this.#recorder,
			schedule,
			clock: systemClock,
			log,
		});
		const random = new RandomPool();
		const context: PeerContext = {
			hub: this.#hub,
			instances: this.#instances.directory,
			log,
			idleClientMillis: options.rtmp.idleClientMillis,
			connection: { ...options.rtmp, limits: options.limits, budget: this.#budget, slab: this.#slab },
			encryption: options.rtmp.encryption,
			edge: {
				origins: options.edge.origins,
				rules: this.#applications.edgeRules(),
				feeds: new EdgeFeeds(this.#hub, systemClock.now),
				schedule,
			},
			catalog: this.#library,
			schedule,
			blocks: new MemoryPool(FILE_BLOCK_BYTES, FILE_BLOCKS),
			recorder: { onPublish: this.#onPublish.bind(this) },
			now: systemClock.now,
			random: count => random.take(count),
			application: (name: string) => this.#applications.rules(name),
			...(hosts !== undefined && { applicationOf: request => hosts.applicationOf(request) }),
			rejection: () => this.#door.rejection,
			describe: (name: StreamName) => this.#describe(name),
		};
		this.#clients = new ServerClients({ options, door: this.#door, context, nextId: () => this.#id() });
		this.#remoting = createRemotingGateway({
			hosts,
			...{ options: this.options, applications: this.#applications, instances: this.#instances.directory, log },
			budget: this.#budget,
			rejection: context.rejection,
			originOf: request => this.#door.originOf(request),
			hasRoom: () => this.#door.hasRoom,
			nextId: () => this.#id(),
			now: systemClock.now,
		});
	}

	/** Where it listens; empty before `start`. */
	get addresses(): readonly ServerAddress[] {
		return this.#listeners?.addresses ?? [];
	}

	/** What pages and metrics see. */
	get view(): ServerView {
		return this.#view;
	}

	/** RTMP clients, FLV viewers and calls by Flash Remoting. */
	get connectionCount(): number {
		return this.#clients.count + this.#flv.viewerCount + (this.#remoting?.requestCount ?? 0);
	}

	/** Listens on every address of the settings. Rejects with the system's error, and listens nowhere then. */
	async start(): Promise<void> {
		if (this.#state !== "new") throw new UsageError("USAGE", "A server is started once.");
		this.#state = "running";
		try {
			await this.#applications.start();
			const listeners = await this.#createListeners();
			if (this.#stopping !== undefined) return void (await this.#closeHttp());
			this.#listeners = listeners;
			await listeners.open();
			if (this.#stopping !== undefined) return;
			this.#instances.start();
			if (this.options.demo) await this.#startDemo();
		} catch (error) {
			await this.stop();
			throw error;
		}
		if (this.#stopping === undefined)
			this.#sweep = setInterval(() => this.#clients.handleTimeouts(systemClock.now()), TIMEOUT_SWEEP_MILLIS);
	}

	/** Tells every client, closes every connection and listener, and resolves when all is closed, in some two seconds. */
	stop(): Promise<void> {
		if (this.#state === "new") return Promise.resolve();
		this.#stopping ??= this.#stop();
		return this.#stopping;
	}

	/**
	 * Empties the server and stops it: from now on every `connect` is rejected, with `ex.redirect` and `ex.code` 302 where
	 * there is somewhere else to go, and nobody else is let in. Those that are there stay until they leave or the deadline
	 * is over. Resolves when the server has stopped.
	 */
	drain(options: DrainOptions = {}): Promise<void> {
		if (this.#state !== "running") return this.stop();
		if (this.#drained !== undefined) return this.#drained;
		const redirect = options.redirect === undefined ? this.options.drain.redirect : options.redirect;
		const deadlineMillis = options.deadlineMillis ?? this.options.drain.deadlineMillis;
		const text = "The server is being emptied.";
		const ex = redirect === null ? undefined : { ex: { code: REDIRECT_CODE, redirect } };
		this.#door.rejection = netStatus("NetConnection.Connect.Rejected", `[ Server.Reject ] : ${text}`, ex);
		this.#log.info("drain", { connections: this.connectionCount, redirect: redirect ?? undefined });
		this.#drained = this.#awaitEmptiness(deadlineMillis);
		return this.#drained;
	}

	/** Reads the certificates again, for those who do not wait until the change of a file is noticed. */
	reloadCertificates(): void {
		this.#listeners?.reloadCertificates();
	}

	async #awaitEmptiness(deadlineMillis: number): Promise<void> {
		const deadline = systemClock.now() + deadlineMillis;
		while (this.#stopping === undefined && this.connectionCount > 0) {
			const rest = deadline - systemClock.now();
			if (rest <= 0) {
				this.#log.warn("drain", { connections: this.connectionCount, text: "The deadline is over." });
				break;
			}
			await new Promise(resolve => setTimeout(resolve, Math.min(rest, DRAIN_SWEEP_MILLIS)));
		}
		await this.stop();
	}

	async #stop(): Promise<void> {
		this.#state = "stopped";
		clearInterval(this.#sweep);
		this.#applications.stop();
		const closed = this.#listeners?.close();
		this.#demo?.stop();
		const streamsEnded = this.#instances.stopStreams();
		this.#hub.stop();
		// Its streams have ended: what is left to be written is written, and every file is finished.
		const recorded = this.#recorder.stop(RECORDINGS_STOP_MILLIS);
		this.#flv.stop();
		this.#remoting?.stop();
		this.#clients.stop();
		const late = setTimeout(() => this.#destroyConnections(), STOP_MILLIS);
		await this.#closeHttp();
		this.#listeners?.closeIdle();
		await Promise.all([closed, recorded, streamsEnded]);
		clearTimeout(late);
		this.#library.close();
		await this.#instances.stop();
	}

	async #closeHttp(): Promise<void> {
		await Promise.all([this.#pages?.close(), this.#foreign?.close()]);
	}

	async #createListeners(): Promise<ServerListeners> {
		const { options } = this;
		const takesHttp = options.listeners.some(({ protocols }) => protocols.some(name => name.startsWith("http")));
		return new ServerListeners({
			options,
			log: this.#log,
			trusted: this.#door.trusted,
			http: takesHttp ? await this.#createHttp() : undefined,
			admit: address => this.#door.admit(address),
			onRtmp: (socket, first) => this.#clients.takeSocket(socket, first),
		});
	}

	async #createHttp(): Promise<HttpServer> {
		const { http } = this.options;
		const hosts = this.#hosts;
		this.#pages = await createHttpApplication({
			view: this.#view,
			files: this.#fileView(),
			hostOf: hosts && (request => hosts.hostOf(request)),
			ports: request => this.#portsFor(request),
			consoleDir: consoleFolder(),
			onError: (error, { method, url }) => this.#log.error("http-error", { error, method, url }),
		});
		this.#foreign = await createForeignSite({ ...http, forwarded: request => this.#door.originOf(request) });
		return createHttpFront({
			...http,
			flv: this.#flv,
			files: this.#files,
			rtmp: this.#clients.webSockets,
			tunnel: this.#clients.tunnel,
			remoting: this.#remoting,
			pages: this.#pages,
			foreign: this.#foreign,
			headMillis: this.options.rtmp.handshakeTimeoutMillis,
			mayAsk: request => this.#door.mayAsk(request),
			isApplication: (name, request) =>
				this.#applications.isListed(hosts === undefined ? name : hostedApplication(name, hosts.hostOf(request))),
			onRefused: (socket, text) => this.#log.debug("refuse", { from: originOf(socket).address, text }),
		});
	}

	#portsFor(request: IncomingMessage): readonly PortFacts[] {
		const { socket } = request;
		const visitor = {
			address: this.#door.originOf(request).address,
			// The proxy's, where one has named another address.
			peerAddress: socket.remoteAddress ?? "",
			localAddress: socket.localAddress ?? "",
		};
		const { rtmp, rtmpt } = this.options;
		return portsFor(this.addresses, { tunnel: rtmpt.enabled, encryption: rtmp.encryption }, visitor);
	}

	#fileView(): LibraryView {
		return new LibraryView({
			library: this.#library,
			applications: () => this.#applications.withListedFiles(),
			hasApplication: name => this.#applications.has(name),
			now: systemClock.now,
		});
	}

	#onPublish(publisher: RecordedPublisher, onStatus: (status: NetStatus) => void): void {
		const settings = this.#applications.options(publisher.name.application)?.record;
		if (settings !== undefined) this.#recorder.onPublish(publisher, settings, onStatus);
	}

	#describe(name: StreamName): string {
		const facts = this.#hub.find(name.key)?.cache.codecFacts();
		return facts === undefined ? "" : describeCodecs(facts);
	}

	#onViewerSkipped(stream: LiveStream, viewer: Viewer): void {
		this.#log.warn("slow-viewer", { stream: String(StreamName.fromKey(stream.key)), skips: viewer.skips });
	}

	async #startDemo(): Promise<void> {
		const rules = this.#applications.rules(DEMO_STREAM.application);
		if (rules === undefined) return;
		const clip = await readFile(DEMO_CLIP);
		this.#demo = new DemoPublisher(clip, systemClock);
		this.#demo.start(this.#hub.open(DEMO_STREAM.key, rules.live));
	}

	#destroyConnections(): void {
		this.#clients.destroy();
		this.#flv.destroy();
		this.#listeners?.destroy();
	}

	#id(): string {
		return `c${this.#nextId++}`;
	}
}

/** What `ex.code` says of a redirection, as in HTTP. */
const REDIRECT_CODE = 302;
const DEMO_STREAM = new StreamName("live", "_definst_", "demo");
const DEMO_CLIP = new URL("../media/demo.flv", import.meta.url);

/** The built pages: inside this package once it is built, beside it in the repository. */
function consoleFolder(): string {
	const inside = fileURLToPath(new URL("./console/", import.meta.url));
	return existsSync(inside) ? inside : fileURLToPath(new URL("../../console/dist/", import.meta.url));
}
