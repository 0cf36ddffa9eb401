/** The media process's end of the connection to an application's runtime. */
export interface HostChannel {
	/** Bytes that were sent and not taken yet. */
	readonly queuedBytes: number;
	/** Sends a frame (`port-frame.ts`). */
	send(frame: Uint8Array): void;
	/** Sends a frame to a runtime that stands still until it has it: it overtakes those that were sent before. */
	answer(frame: Uint8Array): void;
	/** Stops taking what the runtime sends, or goes on with it, where the channel can. What was taken is still handed on. */
	setFlowing(isFlowing: boolean): void;
	/** Ends the runtime at once, whatever it does. `onEnd` follows. */
	kill(): void;
	/** Where the application's code is at the moment, as `main.ts:12`; `undefined` where that cannot be told. */
	locate(): Promise<string | undefined>;
	/** Memory that the runtime uses, in bytes; `undefined` where that cannot be told. */
	memory(): Promise<number | undefined>;
}

/** What a channel tells. */
export type ChannelHandler = {
	/** `isUrgent`: the runtime cannot wait even for the end of this call. */
	onFrame(frame: Uint8Array, isUrgent?: boolean): void;
	/** A line that the application wrote to its output (`console.log`), or to its error output. */
	onLine(isError: boolean, line: string): void;
	/** The runtime has ended, for whatever reason. Nothing follows. */
	onEnd(reason: string): void;
};

/** What an application's runtime is started with. */
export type RuntimeSetup = {
	readonly application: string;
	/** The application's folder, absolute. */
	readonly folder: string;
	/** Its main file, absolute. */
	readonly main: string;
	/** Bound of the JavaScript heap, in MiB. */
	readonly memoryMebibytes: number;
	/** Whether it may use the network. */
	readonly network: boolean;
	/** Bytes of one frame of the runtime. */
	readonly frameBytes: number;
};

/** Starts a runtime. */
export type StartChannel = (setup: RuntimeSetup, handler: ChannelHandler) => HostChannel;
