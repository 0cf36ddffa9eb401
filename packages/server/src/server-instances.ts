import { DefaultApplicationHost, InstanceDirectory, StreamName } from "./app/index.ts";
import {
	ApplicationHosts,
	type CodeSettings,
	startLocalChannel,
	startProcessChannel,
	startThreadChannel,
} from "./host/index.ts";
import type { HubClock } from "./hub/index.ts";
import type { EventLog } from "./log/index.ts";
import type { ServerApplications } from "./server-applications.ts";

export type ServerInstancesOptions = {
	readonly applications: ServerApplications;
	/** The folder that holds a folder for each application. */
	readonly folder: string;
	readonly clock: HubClock;
	readonly log: EventLog;
};

/** The running instances of all applications, and what runs their code. */
export class ServerInstances {
	readonly directory: InstanceDirectory;
	readonly #hosts: ApplicationHosts;

	constructor({ applications, folder, clock, log }: ServerInstancesOptions) {
		const schedule = clock.schedule.bind(clock);
		this.#hosts = new ApplicationHosts({
			folder,
			withoutCode: new DefaultApplicationHost(),
			settings: name => codeSettings(applications, name),
			log,
			now: clock.now,
			schedule,
		});
		this.directory = new InstanceDirectory({
			host: this.#hosts,
			options: (application, instance) => {
				const code = applications.options(application)?.code;
				const label = String(new StreamName(application, instance, ""));
				const ownLog = log.child({ stream: label.slice(0, -1) });
				return {
					limits: { clients: code?.maxClients ?? 1, callsPerSecond: code?.callsPerSecond ?? 1 },
					now: clock.now,
					log: (level, event, text) => ownLog[level](event, { text }),
				};
			},
			// Without code there is nothing that could outlast its clients.
			idleMillis: name => (this.#hosts.hasCode(name) ? (applications.options(name)?.code.idleMillis ?? 0) : 0),
			schedule,
		});
	}

	stop(): void {
		this.directory.stop();
		this.#hosts.stop();
	}
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
