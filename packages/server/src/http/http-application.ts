import type { IncomingMessage, ServerResponse } from "node:http";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import {
	type FileView,
	fileViewOf,
	MAX_FILES_OF_PAGE,
	type PortFacts,
	type ServerView,
	serverViewOf,
} from "../admin/index.ts";
import type { FilesAnswer, HealthAnswer, PortsAnswer, StreamsAnswer } from "./api-answer.ts";
import { type ConsoleFile, type ConsoleFiles, loadConsoleFiles } from "./console-files.ts";
import { createSecurityHeaders } from "./security-headers.ts";
import { isWatchPagePath } from "./watch-page-path.ts";

export type HttpApplicationOptions = {
	/** What the API tells; read anew for each request. */
	readonly view: ServerView;
	/** Recordings and on-demand files for the API. Default: there are none. */
	readonly files?: FileView | undefined;
	/** The virtual host that a request names: its pages show what is its own. Default: there are none. */
	readonly hostOf?: ((request: IncomingMessage) => string | undefined) | undefined;
	/** Where the server listens, for the API, as far as the one who asks may know. Default: nothing is told. */
	readonly ports?: (request: IncomingMessage) => readonly PortFacts[];
	/** The folder of the built console. Default: no pages, the API alone. */
	readonly consoleDir?: string | undefined;
	/** Who may show the pages in a frame, as sources of the CSP directive `frame-ancestors`. Default `["'self'"]`. */
	readonly frameAncestors?: readonly string[];
	/** Milliseconds since 1970, for the uptime. Default `Date.now`. */
	readonly clock?: () => number;
	/** Told of each request that failed through a fault of ours. Default: written to standard error. */
	readonly onError?: (error: unknown, request: { readonly method: string; readonly url: string }) => void;
};

export type HttpApplication = {
	/** Answers one request, whatever it asks for. Never throws. */
	handle(request: IncomingMessage, response: ServerResponse): void;
	/** The application's inside, ready for `inject` in tests; routes can no longer be added. */
	readonly fastify: FastifyInstance;
	/** Refuses requests from now on. The HTTP server is its owner's to close. */
	close(): Promise<void>;
};

/**
 * The pages and the API: `/`, `/APPLICATION/NAME` (watch pages), `/port-test`, `/assets/…`, `/favicon.ico`,
 * `/api/streams`, `/api/files`, `/api/ports`, `/api/health`. It listens on nothing itself: it is mounted on a `node:http`
 * (or https) server of somebody else, behind whatever must see requests first:
 *
 * ```ts
 * const pages = await createHttpApplication({ view, consoleDir });
 * const server = createServer((request, response) => {
 * 	if (new URL(request.url ?? "/", "http://localhost").pathname.endsWith(".flv")) flv(request, response);
 * 	else pages.handle(request, response);
 * });
 * server.on("upgrade", webSocketFlv);
 * ```
 *
 * All answers carry security headers. Only GET and HEAD are allowed: others get 405 where a page is, else 404.
 * Throws `UsageError` where `consoleDir` holds no built console or `frameAncestors` holds no source.
 */
export async function createHttpApplication(options: HttpApplicationOptions): Promise<HttpApplication> {
	const {
		view,
		files: media = NO_FILES,
		hostOf = () => undefined,
		ports = () => [],
		consoleDir,
		frameAncestors = ["'self'"],
		clock = Date.now,
		onError = logError,
	} = options;
	const files: ConsoleFiles = consoleDir === undefined ? new Map() : loadConsoleFiles(consoleDir);
	const securityHeaders = createSecurityHeaders(frameAncestors);
	const app = fastify({
		logger: false,
		// Comes before every hook: the path is not even percent-encoded text.
		frameworkErrors: (_error, request, reply) => {
			reply.headers(securityHeaders(request.headers.host));
			return sendPlain(reply as FastifyReply, 400, "The address is malformed.");
		},
	});

	app.addHook("onRequest", async (request, reply) => {
		const reach = pathOf(request) === PORT_TEST_PATH ? "all-ports" : "same-port";
		reply.headers(securityHeaders(request.headers.host, reach));
		// Answered here, before a body is read or its content type judged.
		if (!request.is404 || request.method === "GET" || request.method === "HEAD") return;
		if (!isPath(app, files, pathOf(request))) return sendNotFound(request, reply);
		reply.header("allow", "GET, HEAD");
		return sendPlain(reply, 405, "Only GET and HEAD are allowed here.");
	});
	app.setNotFoundHandler(sendNotFound);
	app.setErrorHandler((error, request, reply) => {
		onError(error, { method: request.method, url: request.url });
		return sendPlain(reply, 500, "The server failed to answer this. Its log says more.");
	});

	app.get("/api/streams", async (request, reply) => {
		const host = hostOf(request.raw);
		const own = host === undefined ? view : serverViewOf(host, view);
		const answer: StreamsAnswer = { server: own.server(), streams: own.streams() };
		reply.header("cache-control", "no-store");
		return answer;
	});
	app.get<{ Querystring: Record<string, unknown> }>("/api/files", async (request, reply) => {
		reply.header("cache-control", "no-store");
		const { path, application, offset, limit } = request.query;
		const host = hostOf(request.raw);
		const own = host === undefined ? media : fileViewOf(host, media);
		if (typeof path === "string") {
			const found = await own.find(path);
			const answer: FilesAnswer = { total: found === undefined ? 0 : 1, files: found === undefined ? [] : [found] };
			return answer;
		}
		const place = { offset: countOf(offset, 0), limit: countOf(limit, DEFAULT_FILES_OF_PAGE) };
		if (place.offset === undefined || place.limit === undefined) {
			return reply.code(400).send({ error: "offset and limit are whole numbers." });
		}
		const answer: FilesAnswer = await own.list({
			application: typeof application === "string" ? application : undefined,
			offset: place.offset,
			limit: Math.min(place.limit, MAX_FILES_OF_PAGE),
		});
		return answer;
	});
	app.get("/api/ports", async (request, reply) => {
		const answer: PortsAnswer = { version: view.server().version, ports: ports(request.raw) };
		reply.header("cache-control", "no-store");
		return answer;
	});
	app.get("/api/health", async (_request, reply) => {
		const { version, startedAt, connections } = view.server();
		const uptimeSeconds = Math.max(0, Math.floor((clock() - startedAt) / 1000));
		const answer: HealthAnswer = {
			status: "ok",
			version,
			uptimeSeconds,
			connections,
			streams: view.streams().length,
		};
		reply.header("cache-control", "no-store");
		return answer;
	});
	// Everything else is told apart by the raw path: a stream's name may hold what a router gives meaning to.
	app.get("/*", async (request, reply) => {
		const file = fileFor(files, pathOf(request));
		return file ? sendFile(request, reply, 200, file) : sendNotFound(request, reply);
	});

	function sendNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
		const page = files.get("not-found.html");
		reply.header("cache-control", "no-store");
		if (pathOf(request).startsWith("/api/"))
			return reply.code(404).send({ error: "There is nothing at this address." });
		if (page && request.headers.accept?.includes("text/html")) return sendFile(request, reply, 404, page);
		return sendPlain(reply, 404, "There is nothing at this address.");
	}

	await app.ready();
	return { handle: (request, response) => app.routing(request, response), fastify: app, close: () => app.close() };
}

/** The page that tries by which roads a browser gets here. */
const PORT_TEST_PATH = "/port-test";
const NO_FILES: FileView = { list: async () => ({ total: 0, files: [] }), find: async () => undefined };
/** What `/api/files` lists at once where no limit is asked for. */
const DEFAULT_FILES_OF_PAGE = 50;

/** A number in a query; `undefined`: it is none. */
function countOf(text: unknown, absent: number): number | undefined {
	if (text === undefined) return absent;
	return typeof text === "string" && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** The console's file that a path shows, if it shows one. */
function fileFor(files: ConsoleFiles, path: string): ConsoleFile | undefined {
	if (path === "/") return files.get("index.html");
	if (path === PORT_TEST_PATH) return files.get("port-test.html");
	if (path === "/favicon.ico" || path === "/licenses.md" || path.startsWith("/assets/"))
		return files.get(path.slice(1));
	return isWatchPagePath(path) ? files.get("watch.html") : undefined;
}

function isPath(app: FastifyInstance, files: ConsoleFiles, path: string): boolean {
	return fileFor(files, path) !== undefined || (path.startsWith("/api/") && app.hasRoute({ method: "GET", url: path }));
}

/** The path as it was sent, without the query. */
function pathOf(request: FastifyRequest): string {
	const url = request.raw.url ?? "/";
	const query = url.indexOf("?");
	return query < 0 ? url : url.slice(0, query);
}

function sendFile(request: FastifyRequest, reply: FastifyReply, status: number, file: ConsoleFile): FastifyReply {
	reply.type(file.contentType).header("vary", "accept-encoding");
	if (status === 200) {
		reply.header("cache-control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
		reply.header("etag", file.etag);
		const known = request.headers["if-none-match"];
		if (known?.split(",").some(tag => tag.trim() === file.etag)) return reply.code(304).send();
	}
	reply.code(status);
	if (file.gzip === undefined || !acceptsGzip(request.headers["accept-encoding"])) return reply.send(file.bytes);
	return reply.header("content-encoding", "gzip").send(file.gzip);
}

/** `gzip` named, and not with a weight of zero (RFC 9110 §12.5.3). */
function acceptsGzip(header: string | string[] | undefined): boolean {
	return String(header ?? "")
		.split(",")
		.some(coding => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(coding));
}

function sendPlain(reply: FastifyReply, status: number, text: string): FastifyReply {
	return reply.code(status).type("text/plain; charset=utf-8").header("cache-control", "no-store").send(`${text}\n`);
}

function logError(error: unknown, { method, url }: { readonly method: string; readonly url: string }): void {
	console.error(`${method} ${JSON.stringify(url)} failed:`, error);
}
