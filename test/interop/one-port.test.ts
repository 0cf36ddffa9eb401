import { existsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import {
	closeAllPrograms,
	comparePackets,
	freePort,
	giveUp,
	MediaLibrary,
	needEncoders,
	needPrograms,
	Program,
	probePackets,
	removeTempDirs,
	ServerProcess,
	type SkippableTest,
	TempDir,
} from "@millrace/testkit";
import { afterAll, beforeAll, test } from "vitest";
import { proveLive } from "./live-proof.ts";
import { runLiveSession } from "./live-session.ts";
import {
	type FlvServer,
	ffmpegPlayer,
	httpFlvPlayer,
	type Player,
	rtmp2srcPlayer,
	rtmpdumpPlayer,
	webSocketFlvPlayer,
} from "./player.ts";
import { ffmpegPublisher, gstPublisher, type Publisher } from "./publisher.ts";
import { isStandIn, programPath } from "./suite-server.ts";

const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

const library = new MediaLibrary();
const dir = new TempDir("one-port");
let server: ServerProcess;
/** Takes everything, behind a PROXY header. */
let proxiedPort: number;

beforeAll(async () => {
	proxiedPort = await freePort();
	const listeners = [
		{ protocol: "rtmp", protocols: ["all"] },
		{ protocol: "http", protocols: ["all"] },
		{ host: "127.0.0.1", port: proxiedPort, proxyProtocol: true },
	];
	const settings = [
		`listeners=${JSON.stringify(listeners)}`,
		"tls.selfSigned=true",
		"trustedProxies=[127.0.0.1]",
		// Clients behind the proxy are whom it names.
		"publish.from=anywhere",
		"log.level=debug",
	];
	server = await ServerProcess.start({ args: settings.flatMap(setting => ["--set", setting]) });
});

afterAll(async () => {
	await server?.stop();
	await closeAllPrograms();
	removeTempDirs();
});

/** The same player with another scheme or port. */
function via(player: Player, label: string, change: (server: FlvServer) => Partial<FlvServer>): Player {
	const start: Player["start"] = (to, path, file) => {
		const urls: FlvServer = {
			rtmpUrl: name => to.rtmpUrl(name),
			httpUrl: name => to.httpUrl(name),
			wsUrl: name => to.wsUrl(name),
		};
		return player.start({ ...urls, ...change(urls) }, path, file);
	};
	return { ...player, name: `${player.name} ${label}`, start };
}

function publisherVia(publisher: Publisher, label: string, change: (url: string) => string): Publisher {
	return { ...publisher, name: `${publisher.name} ${label}`, start: (file, url) => publisher.start(file, change(url)) };
}

const secure = (url: string): string => url.replace("rtmp://", "rtmps://");
const overTls = (player: Player): Player =>
	via(player, "over rtmps", to => ({ rtmpUrl: name => secure(to.rtmpUrl(name)) }));
/** HTTP and WebSocket on the port that is otherwise for RTMP. */
const onOnePort = (player: Player): Player =>
	via(player, "on the RTMP port", () => ({
		httpUrl: name => `http://127.0.0.1:${server.place.rtmpPort}/${name}`,
		wsUrl: name => `ws://127.0.0.1:${server.place.rtmpPort}/${name}`,
	}));

const publishers: readonly Publisher[] = [
	publisherVia(ffmpegPublisher, "over rtmps", secure),
	publisherVia(gstPublisher("rtmp2sink"), "over rtmps", secure),
];
const players: readonly Player[] = [
	...[ffmpegPlayer, overTls(ffmpegPlayer), rtmpdumpPlayer, overTls(rtmp2srcPlayer)],
	...[onOnePort(httpFlvPlayer), onOnePort(webSocketFlvPlayer)],
];

proveLive({
	title: "what %s publishes on the one port",
	server: () => server,
	library,
	publishers,
	players,
	need(context) {
		if (isStandIn) giveUp(context, "nginx has no port for everything");
	},
});

/** A proxy in front of the server, and how it is started. */
type Front = {
	readonly name: string;
	need(test: SkippableTest): void;
	/** Starts it for connections to `port`. */
	start(port: number): Program;
};

const fronts: readonly Front[] = [
	{
		name: "nginx (PROXY version 1)",
		need(context) {
			needPrograms(context, "nginx");
			if (!existsSync(STREAM_MODULE)) giveUp(context, "nginx has no stream module (libnginx-mod-stream)");
		},
		start: port =>
			nginx(
				`load_module ${STREAM_MODULE};`,
				`stream { server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${proxiedPort}; proxy_protocol on; } }`,
			),
	},
	{
		name: "haproxy (PROXY version 2)",
		need: context => needPrograms(context, "haproxy"),
		start(port) {
			const file = dir.file("haproxy.cfg");
			writeFileSync(
				file,
				`defaults
	mode tcp
	timeout connect 5s
	timeout client 60s
	timeout server 60s
listen front
	bind 127.0.0.1:${port}
	server millrace 127.0.0.1:${proxiedPort} send-proxy-v2
`,
			);
			return new Program(programPath("haproxy"), ["-db", "-f", file]);
		},
	},
];

test.for(fronts.map(front => [front.name, front] as const))(
	"RTMP passes through %s, which names the client",
	async ([, front], context) => {
		if (isStandIn) giveUp(context, "nginx understands no PROXY header before RTMP");
		front.need(context);
		await needEncoders(context, "libx264", "aac");
		const port = await freePort();
		const program = front.start(port);
		try {
			await untilOpen(port);
			const media = await library.file("h264-bframes-aac");
			const throughFront = (url: string): string => url.replace(`:${server.place.rtmpPort}/`, `:${port}/`);
			const player = via(ffmpegPlayer, "", to => ({ rtmpUrl: name => throughFront(to.rtmpUrl(name)) }));
			const session = await runLiveSession({
				server,
				path: `live/front-${port}`,
				publisher: publisherVia(ffmpegPublisher, "", throughFront),
				media,
				players: [player],
			});
			comparePackets(await probePackets(media), await probePackets(session.file(player)), {});
			session.remove();
			// The proxy sees another address of this machine, and the server is told of it.
			const odd = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.77" });
			odd.on("error", () => odd.destroy());
			odd.end(Uint8Array.of(5, 0));
			await server.waitForEvent("disconnect", 5000, fields => fields["from"] === "127.0.0.77");
		} finally {
			await program.stop();
		}
	},
);

test("HTTP-FLV passes through nginx as a reverse proxy, which names the client", async context => {
	if (isStandIn) giveUp(context, "nginx has no HTTP-FLV");
	needPrograms(context, "nginx");
	await needEncoders(context, "libx264", "aac");
	const port = await freePort();
	const program = nginx(
		"",
		`http { access_log off; server { listen 127.0.0.1:${port}; location / {
			proxy_pass http://127.0.0.1:${server.place.rtmpPort};
			proxy_http_version 1.1;
			proxy_buffering off;
			proxy_set_header X-Forwarded-For 198.51.100.9;
		} } }`,
	);
	try {
		await untilOpen(port);
		const media = await library.file("h264-bframes-aac");
		const player = via(httpFlvPlayer, "", () => ({ httpUrl: name => `http://127.0.0.1:${port}/${name}` }));
		const session = await runLiveSession({
			server,
			path: "live/behind-nginx",
			publisher: ffmpegPublisher,
			media,
			players: [player],
		});
		comparePackets(await probePackets(media), await probePackets(session.file(player)), {});
		session.remove();
		await server.waitForEvent("play", 5000, fields => fields["from"] === "198.51.100.9");
	} finally {
		await program.stop();
	}
});

/** nginx in the foreground, with nothing but what is asked for. */
function nginx(modules: string, body: string): Program {
	const file = dir.file(`nginx-${body.length}.conf`);
	const place = `daemon off; master_process off; pid ${dir.file("nginx.pid")}; error_log stderr warn;`;
	writeFileSync(file, `${modules}\n${place}\nevents { worker_connections 256; }\n${body}\n`);
	return new Program(programPath("nginx"), ["-p", dir.path, "-c", file, "-e", "stderr"]);
}

async function untilOpen(port: number): Promise<void> {
	const deadline = Date.now() + 10_000;
	for (;;) {
		const isOpen = await new Promise<boolean>(resolve => {
			const socket = connect(port, "127.0.0.1");
			socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
			socket.once("connect", () => socket.destroy());
		});
		if (isOpen) return;
		if (Date.now() > deadline) throw new Error(`Nothing listens on port ${port} after 10 s.`);
		await new Promise(resolve => setTimeout(resolve, 50));
	}
}
