// Types only: nothing of the server gets into the page.
import type { FileFacts, ServerFacts, StreamFacts } from "../../../server/src/admin/index.ts";
import type { FilesAnswer, PortsAnswer, StreamsAnswer } from "../../../server/src/http/index.ts";
import { poll } from "./poll.ts";

export type { FileFacts, FilesAnswer, PortsAnswer, ServerFacts, StreamFacts, StreamsAnswer };

export type StreamsPollOptions = {
	/** Milliseconds from one answer to the next question. Default 2000. */
	readonly interval?: number;
	/** `serverNow`: the server's clock in milliseconds since 1970, to the second; `roundTrip`: how long the answer took. */
	readonly onAnswer: (answer: StreamsAnswer, serverNow: number, roundTrip: number) => void;
	/** The server did not answer, or not with what it should. */
	readonly onFailure: () => void;
};

/** Asks `/api/streams` again and again while the page is visible; a page that comes back into view asks at once. */
export function pollStreams({ interval = 2000, onAnswer, onFailure }: StreamsPollOptions): void {
	poll(async () => {
		try {
			const before = performance.now();
			const response = await request("/api/streams");
			const roundTrip = performance.now() - before;
			const answer = (await response.json()) as StreamsAnswer;
			onAnswer(answer, Date.parse(response.headers.get("date") ?? "") || Date.now(), roundTrip);
		} catch (error) {
			console.warn("Asking for the streams failed:", error);
			onFailure();
		}
		return interval;
	});
}

/** Asks `/api/streams` once. Throws where the server does not answer as it should. */
export async function fetchStreams(): Promise<StreamsAnswer> {
	return (await ask("/api/streams")) as StreamsAnswer;
}

/** Asks `/api/files` once. Throws where the server does not answer as it should. */
export async function fetchFiles(query: Readonly<Record<string, string>>): Promise<FilesAnswer> {
	return (await ask(`/api/files?${new URLSearchParams(query)}`)) as FilesAnswer;
}

/** Asks `/api/ports` once. Throws where the server does not answer as it should. */
export async function fetchPorts(): Promise<PortsAnswer> {
	return (await ask("/api/ports")) as PortsAnswer;
}

async function ask(path: string): Promise<unknown> {
	return (await request(path)).json();
}

async function request(path: string): Promise<Response> {
	const response = await fetch(path, { signal: AbortSignal.timeout(8000), cache: "no-store" });
	if (!response.ok) throw new Error(`The server answered ${response.status}.`);
	return response;
}
