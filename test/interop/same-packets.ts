import type { MediaPacket } from "@millrace/testkit";
import { expect } from "vitest";

export const ofKind = (packets: readonly MediaPacket[], kind: MediaPacket["kind"]) =>
	packets.filter(one => one.kind === kind);

/** Each stream by itself: the same packets with the same times, to the millisecond. */
export function expectSame(received: readonly MediaPacket[], sent: readonly MediaPacket[]): void {
	for (const kind of ["video", "audio"] as const) expect(ofKind(received, kind)).toEqual(ofKind(sent, kind));
	expect(received.length).toBe(sent.length);
}
