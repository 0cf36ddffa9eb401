import type { FileFacts, PortFacts, ServerFacts, StreamFacts } from "../admin/index.ts";

/** What `/api/streams` answers: everything that the start page shows. It holds no key and no address of a client. */
export type StreamsAnswer = { readonly server: ServerFacts; readonly streams: readonly StreamFacts[] };

/** What `/api/files` answers: one page of a list, or what one path plays. */
export type FilesAnswer = {
	/** How many files there are on all pages. */
	readonly total: number;
	readonly files: readonly FileFacts[];
};

/** What `/api/health` answers while the server runs; a server that cannot answer it is not healthy. */
export type HealthAnswer = {
	readonly status: "ok";
	readonly version: string;
	readonly uptimeSeconds: number;
	readonly connections: number;
	/** Live streams, those within their publisher's grace time included. */
	readonly streams: number;
};

/** What `/api/ports` answers: where the server listens, as far as the one who asks could get there. */
export type PortsAnswer = { readonly version: string; readonly ports: readonly PortFacts[] };
