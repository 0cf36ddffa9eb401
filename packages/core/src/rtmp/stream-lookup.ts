import type { ServerStream, StreamState } from "./server-stream.ts";

type Streams = ReadonlyMap<number, ServerStream>;

/** The lowest id that is free, from 1 on: OBS expects ids in order. */
export function freeStreamId(streams: Streams): number {
	let id = 1;
	while (streams.has(id)) id++;
	return id;
}

/** The stream in that state, where there is exactly one. */
export function onlyStream(streams: Streams, state: StreamState): ServerStream | undefined {
	let found: ServerStream | undefined;
	for (const stream of streams.values()) {
		if (stream.state !== state) continue;
		if (found !== undefined) return undefined;
		found = stream;
	}
	return found;
}

/** The streams of that name. An empty one means every stream: the name was in the application's path then. */
export function namedStreams(streams: Streams, name: string | undefined): ServerStream[] {
	return [...streams.values()].filter(stream => name === "" || stream.name === name);
}
