import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import type { TokenBucket } from "../net/index.ts";
import { accessAllows } from "./access-list.ts";
import type { InstanceClient } from "./instance-client.ts";
import type { PortEffect } from "./port.ts";

/** An effect that is for one client. */
export type ClientEffect = Exclude<
	PortEffect,
	{ kind: "broadcast" | "shared-object" | "stream" | "ask" | "handles" | "log" | "unload" | "shutdown" }
>;

/** One client in its instance: whether it has been let in, and the rights that the application gave it. */
export class ClientSlot {
	readonly client: InstanceClient;
	/** How many calls it may still make. */
	readonly calls: TokenBucket;
	/** What it may play and publish, as access lists. */
	read = "/";
	write = "/";
	/** Of which streams it may use the samples. */
	samples = { audio: "/", video: "/" };
	/** In which folders its names of files are looked up; empty: in those for everybody. */
	virtualKey: string;
	/** The event of its last call. */
	lastCall = 0;
	/** What the application did to it before it let it in: that follows the answer to `connect`. */
	#held: ClientEffect[] | undefined = [];

	constructor(client: InstanceClient, calls: TokenBucket) {
		this.client = client;
		this.calls = calls;
		this.virtualKey = client.facts.virtualKey ?? "";
	}

	/** Whether the application has let it in. */
	get isIn(): boolean {
		return this.#held === undefined;
	}

	/** Keeps an effect where it is one for a client that is in. */
	holds(effect: ClientEffect): boolean {
		if (this.#held === undefined || !isForLater(effect)) return false;
		this.#held.push(effect);
		return true;
	}

	/** It is let in. Returns what was kept for it. */
	letIn(): readonly ClientEffect[] {
		const held = this.#held ?? [];
		this.#held = undefined;
		return held;
	}

	/** Why it may not publish or play a stream; `undefined`: its rights allow it. */
	refusal(kind: "publish" | "play", stream: string): NetStatus | undefined {
		const isPublish = kind === "publish";
		if (accessAllows(isPublish ? this.write : this.read, stream)) return undefined;
		const code = isPublish ? "NetStream.Publish.Denied" : "NetStream.Play.Failed";
		return netStatus(code, `${stream} may not be ${isPublish ? "published" : "played"} by this client.`);
	}

	/** Whether it may use the samples of a stream (`|RtmpSampleAccess`). */
	sampleAccess(stream: string): { readonly audio: boolean; readonly video: boolean } {
		const { audio, video } = this.samples;
		return { audio: accessAllows(audio, stream), video: accessAllows(video, stream) };
	}
}

/** Rights must hold from the client's first command on, so they do not wait for its answer. */
function isForLater({ kind }: ClientEffect): boolean {
	return !["accept", "reject", "close", "access", "sample-access", "virtual-key"].includes(kind);
}
