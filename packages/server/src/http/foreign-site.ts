import { statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { resolve } from "node:path";
import type { Duplex } from "node:stream";
import replyFrom from "@fastify/reply-from";
import serveStatic from "@fastify/static";
import { UsageError } from "@millrace/core/fault";
import fastify, { type FastifyInstance } from "fastify";
import { UpgradeRelay } from "./upgrade-relay.ts";

/** Where everything comes from that is not the server's own; one of the two. */
export type ForeignSiteOptions = {
	/** A folder of files. */
	readonly webroot: string | null;
	/** Another web server's address. */
	readonly upstream: string | null;
	/** What the request's chain of proxies becomes for the other web server. */
	forwarded(request: IncomingMessage): { readonly address: string; readonly secure: boolean };
};

/** Somebody else's files or web server, behind the server's own addresses. */
export type ForeignSite = {
	handle(request: IncomingMessage, response: ServerResponse): void;
	/** Passes a WebSocket upgrade on; absent where there is no other web server. */
	readonly handleUpgrade?: ((request: IncomingMessage, socket: Duplex, head: Uint8Array) => void) | undefined;
	close(): Promise<void>;
};

/** How long another web server may take to begin its answer, in milliseconds. */
const UPSTREAM_TIMEOUT_MILLIS = 60_000;
/** Connections to it at once. */
const UPSTREAM_CONNECTIONS = 64;

/** Makes it, or nothing where neither is set. Throws a `UsageError` where the folder is none. */
export async function createForeignSite(options: ForeignSiteOptions): Promise<ForeignSite | undefined> {
	const { webroot, upstream } = options;
	if (webroot === null && upstream === null) return undefined;
	const app = fastify({ logger: false, bodyLimit: Number.MAX_SAFE_INTEGER });
	if (webroot !== null) await serveFolder(app, webroot);
	else if (upstream !== null) await passOn(app, upstream, options.forwarded);
	await app.ready();
	const relay =
		upstream === null
			? undefined
			: new UpgradeRelay({ upstream, forwarded: request => forwardedHeaders(request, options.forwarded) });
	return {
		handle: (request, response) => app.routing(request, response),
		handleUpgrade: relay && ((request, socket, head) => relay.handle(request, socket, head)),
		async close() {
			relay?.stop();
			await app.close();
		},
	};
}

async function serveFolder(app: FastifyInstance, webroot: string): Promise<void> {
	const root = resolve(webroot);
	if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
		throw new UsageError("USAGE", `http.webroot: ${webroot} is no folder.`);
	}
	// Names with a dot in front (.git, .htpasswd) are nobody's business.
	await app.register(serveStatic, { root, index: ["index.html"], dotfiles: "ignore", redirect: true });
}

async function passOn(
	app: FastifyInstance,
	upstream: string,
	forwarded: ForeignSiteOptions["forwarded"],
): Promise<void> {
	// Bodies go through as they come.
	app.removeAllContentTypeParsers();
	app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
	await app.register(replyFrom, {
		base: upstream,
		undici: { connections: UPSTREAM_CONNECTIONS, headersTimeout: UPSTREAM_TIMEOUT_MILLIS, bodyTimeout: 0 },
		disableRequestLogging: true,
	});
	app.all("/*", (request, reply) =>
		reply.from(request.raw.url ?? "/", {
			rewriteRequestHeaders: (_raw, headers) => ({
				...headers,
				host: request.headers.host ?? "",
				...forwardedHeaders(request.raw, forwarded),
			}),
		}),
	);
}

/** What the other web server is told of the client. */
function forwardedHeaders(
	request: IncomingMessage,
	forwarded: ForeignSiteOptions["forwarded"],
): Record<string, string> {
	const { address, secure } = forwarded(request);
	return {
		"x-forwarded-for": address,
		"x-forwarded-proto": secure ? "https" : "http",
		"x-forwarded-host": request.headers.host ?? "",
	};
}
