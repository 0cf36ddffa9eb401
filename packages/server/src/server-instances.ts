import { DEFAULT_INSTANCE } from "@millrace/core/rtmp";
import {
	type ApplicationInstance,
	DefaultApplicationHost,
	type HostFolders,
	InstanceDirectory,
	type InstanceMedia,
	type RecordedFacts,
	StandingInstances,
	StreamName,
} from "./app/index.ts";
import {
	ApplicationHosts,
	type CodeSettings,
	LineAllowance,
	startLocalChannel,
	startProcessChannel,
	startThreadChannel,
} from "./host/index.ts";
import type { Hub, HubClock } from "./hub/index.ts";
import type { MediaLibrary, PlayerSchedule, Recorder } from "./library/index.ts";
import type { EventLog } from "./log/index.ts";
import type { ServerApplications } from "./server-applications.ts";
import { InstanceStreams, StreamDirectory, type StreamRules } from "./stream/index.ts";

export type ServerInstancesOptions = {
	readonly applications: ServerApplications;
	/** The folder that holds a folder for each application. */
	readonly folder: string;
	/** The same of virtual hosts. */
	readonly hostFolders: HostFolders | undefined;
	/** What the shared objects of applications without code may hold together. */
	readonly sharedObjectBytes: number;
	readonly hub: Hub;
	readonly library: MediaLibrary;
	readonly recorder: Recorder;
	readonly schedule: PlayerSchedule;
	readonly clock: HubClock;
	readonly log: EventLog;
};

/** The running instances of all applications, what runs their code, and the streams that they play themselves. */
export class ServerInstances {
	readonly directory: InstanceDirectory;
	readonly #hub: Hub;
	readonly #withoutCode: DefaultApplicationHost;
	readonly #hosts: ApplicationHosts;
	readonly #streams: StreamDirectory;
	readonly #standing: StandingInstances;

	constructor(options: ServerInstancesOptions) {
		const { applications, folder, hostFolders, sharedObjectBytes, hub, library, recorder, schedule, clock, log } =
			options;
		this.#hub = hub;
		this.#withoutCode = new DefaultApplicationHost({
			folder,
			hostFolders,
			sharedObjectBytes,
			onFault: error => log.error("shared-objects", { error }),
		});
		this.#streams = new StreamDirectory({
			...{ hub, library, recorder, schedule, clock, log },
			application: name => streamRules(applications, name),
		});
		const later = clock.schedule.bind(clock);
		this.#hosts = new ApplicationHosts({
			folder,
			hostFolders,
			withoutCode: this.#withoutCode,
			settings: name => codeSettings(applications, name),
			log,
			now: clock.now,
			schedule: later,
		});
		this.directory = new InstanceDirectory({
			host: this.#hosts,
			options: (application, instance) => {
				const code = applications.options(application)?.code;
				const ownLog = boundedLog(log.child({ stream: labelOf(application, instance) }), clock);
				return {
					limits: { clients: code?.maxClients ?? 1, callsPerSecond: code?.callsPerSecond ?? 1 },
					// Only code does something with streams.
					...(this.#hosts.hasCode(application) && { media: opened => this.#mediaOf(opened, ownLog) }),
					now: clock.now,
					log: ownLog,
				};
			},
			// Without code there is nothing that could outlast its clients.
			idleMillis: (name, instance) => {
				const code = this.#hosts.hasCode(name) ? applications.options(name)?.code : undefined;
				if (code?.enabled && code.start && instance === DEFAULT_INSTANCE) return Number.POSITIVE_INFINITY;
				return code?.idleMillis ?? 0;
			},
			schedule: later,
		});
		this.#standing = new StandingInstances({
			directory: this.directory,
			applications: () => applications.toStart().filter(name => this.#hosts.hasCode(name)),
			schedule: later,
		});
	}

	/** Starts what runs whether there are clients or not. */
	start(): void {
		this.#standing.start();
	}

	/** Tells an instance that a recording of it is finished. */
	tellRecorded({ application, instance }: StreamName, file: RecordedFacts): void {
		this.directory.find(application, instance)?.tellRecorded(file);
	}

	/** Ends the streams that applications play. Resolves when their recordings are finished. */
	stopStreams(): Promise<void> {
		return this.#streams.stop();
	}

	/** Unloads everything. Resolves when the code has ended and all is written. */
	async stop(): Promise<void> {
		this.#standing.stop();
		this.directory.stop();
		await Promise.all([this.#hosts.stop(), this.#withoutCode.settled()]);
	}

	#mediaOf(opened: ApplicationInstance, log: InstanceLog): InstanceMedia {
		const { application, instance } = opened;
		return new InstanceStreams({
			streams: this.#streams.open(application, instance, (name, status) => opened.tellStream(name, status)),
			onPushStatus: (name, push, status) => opened.tellStream(name, status, push),
			stats: name => this.#hub.find(new StreamName(application, instance, name).key)?.stats(),
			onFault: (text, error) => log("warn", "application", text, error),
		});
	}
}

type InstanceLog = (level: "debug" | "info" | "warn" | "error", event: string, text: string, error?: unknown) => void;

/** What an instance has to say, as much as may be said in a second: its application can bring about any number of faults. */
function boundedLog(log: EventLog, clock: HubClock): InstanceLog {
	const lines = new LineAllowance(dropped => log.warn("application", { text: `${dropped} more lines left out` }));
	return (level, event, text, error) => {
		if (lines.take(clock.now())) log[level](event, { text, ...(error !== undefined && { error }) });
	};
}

function labelOf(application: string, instance: string): string {
	return String(new StreamName(application, instance, "")).replace(/\/$/, "");
}

function streamRules(applications: ServerApplications, name: string): StreamRules | undefined {
	const rules = applications.rules(name);
	const options = applications.options(name);
	if (rules === undefined || options === undefined) return undefined;
	return {
		live: rules.live,
		record: options.record,
		hasNetwork: options.code.network,
		...(rules.hasLive !== undefined && { hasLive: rules.hasLive }),
	};
}

const START_CHANNEL = { process: startProcessChannel, thread: startThreadChannel, none: startLocalChannel } as const;
const MEBIBYTE = 1024 * 1024;

function codeSettings(applications: ServerApplications, name: string): CodeSettings | undefined {
	const options = applications.options(name);
	if (options === undefined || !options.code.enabled) return undefined;
	const { isolation, memory, turnMillis, startMillis, queueBytes, frameBytes, network, reload } = options.code;
	return {
		start: START_CHANNEL[isolation],
		limits: { memoryMebibytes: Math.ceil(memory / MEBIBYTE), turnMillis, startMillis, queueBytes, frameBytes },
		network,
		reload,
		config: options.config,
	};
}
