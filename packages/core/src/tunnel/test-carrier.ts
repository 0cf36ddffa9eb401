import type { TunnelAnswer, TunnelCarrier } from "./tunnel-exchange.ts";

/** A request as a test sees it: what it was answered with, and whether its body is read. */
export class TestCarrier implements TunnelCarrier {
	status = 0;
	bytes: number[] = [];
	answers = 0;
	paused = false;

	answer({ status, body, length }: TunnelAnswer): void {
		this.answers++;
		this.status = status;
		this.bytes = body.flatMap(slice => [...slice]);
		if (this.bytes.length !== length) throw new Error(`${this.bytes.length} bytes, but ${length} were announced.`);
	}

	pause(): void {
		this.paused = true;
	}

	resume(): void {
		this.paused = false;
	}
}
