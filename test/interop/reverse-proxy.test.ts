import { writeFileSync } from "node:fs";
import { NetConnection, RememberedRoads } from "@millrace/client";
import {
	closeAllPrograms,
	comparePackets,
	freePort,
	MediaLibrary,
	needEncoders,
	needPrograms,
	Program,
	probePackets,
	removeTempDirs,
	type ServerProcess,
	TempDir,
} from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { passMedia } from "./client-media.ts";
import { readFlvTags } from "./flv-tag-reader.ts";
import { runLiveSession } from "./live-session.ts";
import { type FlvServer, ffmpegPlayer, httpFlvPlayer, type Player, rtmpdumpPlayer } from "./player.ts";
import { ffmpegPublisher } from "./publisher.ts";
import { needMillrace, programPath, startServer } from "./suite-server.ts";

/** What people write into nginx's configuration, from the shortest to the one that the guide advises. */
const NGINX = {
	// A connection to the server for each request, by HTTP/1.0: sessions change their connection all the time.
	"as it comes": "",
	// Few connections for all sessions, each request on any of them.
	"with connections kept open": 'proxy_http_version 1.1; proxy_set_header Connection "";',
	"without buffers":
		'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_request_buffering off;',
} as const;

/** librtmp and ffmpeg take the end of an HTTP connection for the end of the session, so proxies are to keep it. */
const MANY_REQUESTS = 100_000;
/** This repository's client goes on with another connection. */
const FEW_REQUESTS = 5;

const library = new MediaLibrary();
const dir = new TempDir("reverse-proxy");
let server: ServerProcess | undefined;

beforeAll(async () => {
	// ffmpeg does not say by a tunnel that it stops.
	server = await startServer(["publish.graceMillis=100ms", "trustedProxies=[127.0.0.1]", "publish.from=anywhere"]);
});

afterAll(async () => {
	await closeAllPrograms();
	await server?.stop();
	dir.remove();
	removeTempDirs();
});

/** Starts nginx in front of the server; resolves to its port when it listens. A client's connection ends after so many requests. */
async function startNginx(
	lines: string,
	keepaliveRequests: number,
): Promise<{ readonly port: number; readonly program: Program }> {
	const port = await freePort();
	const file = dir.file(`nginx-${port}.conf`);
	const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
		name => `${name}_temp_path ${dir.file(name)};`,
	);
	writeFileSync(
		file,
		`daemon off; master_process off; pid ${dir.file(`nginx-${port}.pid`)}; error_log stderr info;
events { worker_connections 256; }
http {
	access_log off; keepalive_requests ${keepaliveRequests}; ${paths.join(" ")}
	upstream millrace { server 127.0.0.1:${server!.place.httpPort}; keepalive 2; }
	server { listen 127.0.0.1:${port}; location / { proxy_pass http://millrace; ${lines} } }
}
`,
	);
	const program = new Program(programPath("nginx"), ["-p", dir.path, "-c", file, "-e", "stderr"]);
	await program.waitForLine(/event method|start worker/, 10_000);
	for (;;) {
		try {
			await fetch(`http://127.0.0.1:${port}/api/health`);
			return { port, program };
		} catch (error) {
			if (program.exit) throw new Error(program.describe(String(error)));
			await new Promise(resolve => setTimeout(resolve, 50));
		}
	}
}

function behind(player: Player, port: number, label: string): Player {
	const urls: FlvServer = {
		rtmpUrl: path => `rtmpt://127.0.0.1:${port}/${path}`,
		httpUrl: path => `http://127.0.0.1:${port}/${path}`,
		wsUrl: path => `ws://127.0.0.1:${port}/${path}`,
	};
	return { ...player, name: `${player.name} ${label}`, start: (_, path, file) => player.start(urls, path, file) };
}

describe.each(Object.entries(NGINX))("behind nginx %s", (_name, lines) => {
	test("sessions of RTMPT and HTTP-FLV get their own stream whole, and nothing of another", async context => {
		needMillrace(context, "RTMPT");
		needPrograms(context, "nginx", "ffmpeg", "rtmpdump");
		await needEncoders(context, "libx264", "aac");
		const { port, program } = await startNginx(lines, MANY_REQUESTS);
		try {
			const publisher = {
				...ffmpegPublisher,
				start: (file: string, url: string) =>
					ffmpegPublisher.start(file, `rtmpt://127.0.0.1:${port}${new URL(url).pathname}`),
			};
			const players = [
				...["first", "second"].map(label => behind(rtmpdumpPlayer, port, label)),
				behind(ffmpegPlayer, port, "by RTMPT"),
				behind(httpFlvPlayer, port, "through nginx"),
			];
			// At the same time, so that requests of both stand beside each other on the same connections.
			const both = (["h264-bframes-aac", "h264-aac-2"] as const).map(async (medium, at) => {
				const media = await library.file(medium);
				const path = `live/behind-${port}-${at}`;
				const session = await runLiveSession({ server: server!, path, publisher, media, players });
				const sent = await probePackets(media);
				// ffmpeg throws away at its end what it gathered since its last post.
				for (const player of players) {
					const compared = comparePackets(sent, await probePackets(session.file(player)), { missingAtEnd: 20 });
					expect(compared.map(({ kind }) => kind)).toEqual(["video", "audio"]);
				}
				session.remove();
			});
			await Promise.all(both);
		} finally {
			await program.stop();
		}
	});

	test("the client publishes and plays by RTMPT, RTMPTE and HTTP's WebSocket, packet for packet", async context => {
		needMillrace(context, "RTMPT");
		needPrograms(context, "nginx");
		await needEncoders(context, "libx264", "aac");
		const { port, program } = await startNginx(
			`${lines} location /rtmp { proxy_pass http://millrace; proxy_http_version 1.1;
				proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }`,
			FEW_REQUESTS,
		);
		try {
			const from = await library.file("h264-bframes-aac");
			for (const road of ["rtmpt", "rtmpte", "ws"] as const) {
				const make = async (): Promise<NetConnection> => {
					const nc = new NetConnection({ proxy: false, memory: new RememberedRoads() });
					await nc.connectAsync(`${road}://127.0.0.1:${port}/live`);
					return nc;
				};
				const [publisher, player] = [await make(), await make()];
				const to = dir.file(`${port}-${road}.flv`);
				await passMedia(publisher, player, `client-${port}-${road}`, { from, to });
				comparePackets(readFlvTags(from).frames, readFlvTags(to).frames);
				publisher.close();
				player.close();
			}
		} finally {
			await program.stop();
		}
	});
});
