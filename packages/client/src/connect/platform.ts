import type { RoadProtocol } from "./address.ts";
import type { GatewayTarget, Poster } from "./poster.ts";
import type { TransportOpener } from "./transport.ts";

/** What the client needs of the world around it. */
export interface ClientPlatform {
	readonly open: TransportOpener;
	/** Makes what posts AMF (`application/x-amf`) to a gateway of Flash Remoting. */
	openGateway(target: GatewayTarget): Poster;
	/** Milliseconds on a clock that never goes back. */
	now(): number;
	/** Calls `action` after that time; the function that is returned prevents it. */
	after(millis: number, action: () => void): () => void;
	/** Random bytes. */
	random(count: number): Uint8Array;
	/** Takes warnings that nobody listens for. */
	warn(text: string): void;
	/** Whether a proxy is known for that road. Default: none is. */
	readonly hasProxy?: (protocol: RoadProtocol, host: string) => boolean;
	/** The program is a web page: it has WebSockets and HTTP only. `isSecure`: it came by HTTPS. */
	readonly page?: { readonly isSecure: boolean };
	/** The host of addresses without one. Default `localhost`. */
	readonly defaultHost?: string;
}
