import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { crossDomainPolicy, type ForeignSite, type HttpApplication, isServerPath } from "./http/index.ts";
import { refuseBadRequests } from "./http-fault.ts";
import { type HttpTunnel, refuseUpgrade } from "./net/index.ts";
import { FlvOutput, PlainFileOutput } from "./output/index.ts";
import type { RemotingGateway } from "./remoting/index.ts";
import { RtmpWebSocket } from "./rtmp/index.ts";

export type HttpFrontOptions = {
	readonly flv: FlvOutput;
	readonly files: PlainFileOutput;
	readonly rtmp: RtmpWebSocket;
	/** RTMP in requests, where that is offered. */
	readonly tunnel: HttpTunnel | undefined;
	/** Flash Remoting, where that is offered. */
	readonly remoting: RemotingGateway | undefined;
	readonly pages: HttpApplication;
	/** What answers where nothing of ours does. */
	readonly foreign: ForeignSite | undefined;
	readonly cors: readonly string[];
	readonly crossDomainFile: string | null;
	/** How long a request's head may take, in milliseconds. */
	readonly headMillis: number;
	/** Whether the client's address is one that may connect; a trusted proxy brings others than its own. */
	mayAsk(request: IncomingMessage): boolean;
	/** Whether an application of that name is known by name, at the host that the request names. */
	isApplication(name: string, request: IncomingMessage): boolean;
	/** A connection ends because what came on it is no request. */
	onRefused(socket: Socket, reason: string): void;
};

/** A whole request with its body: a tunnel's may hold a frame of megabytes that comes over a slow line. */
const REQUEST_MILLIS = 60_000;
/** librtmp does not open a connection again that was closed while it had nothing to ask. */
const KEEP_ALIVE_MILLIS = 65_000;
/** How often requests are looked at for their time, in milliseconds, at the least. */
const CHECK_MILLIS = 2000;

/**
 * What answers HTTP on all ports, in this order: the policy for Flash Player; the gateway of Flash Remoting; another's files or web
 * server for what is not the server's, where there is one; streams; pages. It listens on nothing: ports give it connections.
 */
export function createHttpFront(options: HttpFrontOptions): Server {
	const { flv, files, rtmp, tunnel, remoting, pages, foreign, isApplication } = options;
	const policy = crossDomainPolicy(options.cors, options.crossDomainFile);
	const settings = {
		headersTimeout: options.headMillis,
		requestTimeout: REQUEST_MILLIS,
		keepAliveTimeout: KEEP_ALIVE_MILLIS,
		connectionsCheckingInterval: Math.min(CHECK_MILLIS, options.headMillis),
		// A client that offers another protocol beside (h2c: curl, Java) is answered in HTTP/1.1. Node before 24.9 does
		// not know this and asks for every upgrade.
		shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === "websocket",
	};
	const server = createServer(settings, (request, response) => {
		if (!options.mayAsk(request)) {
			response.writeHead(403, { "content-length": 0, connection: "close" }).end();
			return;
		}
		if (tunnel?.handle(request, response)) return;
		const url = request.url ?? "";
		if (isCrossDomainPath(url)) {
			const headers = { "content-type": "text/x-cross-domain-policy", "content-length": policy.length };
			response.writeHead(200, headers).end(request.method === "HEAD" ? undefined : policy);
		} else if (remoting?.isFor(request)) void remoting.handle(request, response);
		else if (foreign !== undefined && !isServerPath(url, name => isApplication(name, request)))
			foreign.handle(request, response);
		else if (PlainFileOutput.isFilePath(url)) void files.handle(request, response);
		else if (FlvOutput.isFlvPath(url)) flv.handle(request, response);
		else pages.handle(request, response);
	});
	server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
		const url = request.url ?? "";
		if (!options.mayAsk(request)) {
			// The HTTP server has let go of the socket: without a listener, a reset would end the process.
			socket.on("error", () => socket.destroy());
			refuseUpgrade(socket, "403 Forbidden");
		} else if (RtmpWebSocket.isPath(url)) rtmp.handleUpgrade(request, socket, head);
		else if (foreign?.handleUpgrade !== undefined && !isServerPath(url, name => isApplication(name, request))) {
			foreign.handleUpgrade(request, socket, head);
		} else flv.handleUpgrade(request, socket, head);
	});
	refuseBadRequests(server, options.onRefused);
	// A server that only gets its connections handed does not know that it runs: without this event, requests that
	// never end would be held for ever.
	server.emit("listening");
	return server;
}

function isCrossDomainPath(url: string): boolean {
	return url === "/crossdomain.xml" || url.startsWith("/crossdomain.xml?");
}
