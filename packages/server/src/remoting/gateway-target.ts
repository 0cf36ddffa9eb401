import { MillraceError } from "@millrace/core/fault";
import { DEFAULT_INSTANCE, parseApplication } from "@millrace/core/rtmp";

/** What a call is for. */
export type GatewayTarget = {
	readonly application: string;
	readonly instance: string;
	/** As a client over RTMP would call it: `name`, `folder.name`. */
	readonly method: string;
};

/** What the rule needs to know. */
export type GatewayTargetRule = {
	/** The application of calls that name none; `null`: they fail. */
	readonly defaultApplication: string | null;
	/** The longest name of an application or an instance. */
	readonly nameLength: number;
	/** Whether there is an application of that name, listed or with a folder. */
	isApplication(name: string): boolean;
};

/**
 * Finds what a call is for, by the *rule of the first segment*. Where the request's path goes on behind the gateway's
 * (`/gateway/app/room`), that names application and instance, and the target is the method. Otherwise, what stands
 * before the target's first dot names them where its first segment is the name of an application: `app.method`,
 * `app/room.method`, `app.folder.method`. Every other target is a method of the default application: `service.method`,
 * `folder/service.method`.
 *
 * @param place the path behind the gateway's, without query; empty where there is none
 * @returns what is wrong, for the caller
 */
export function findTarget(target: string, place: string, rule: GatewayTargetRule): GatewayTarget | string {
	try {
		if (place !== "") return { ...addressOf(decodeURIComponent(place), rule), method: target };
		const dot = target.indexOf(".");
		const before = dot < 0 ? "" : target.slice(0, dot);
		if (before !== "" && rule.isApplication(before.split("/", 1)[0]!)) {
			return { ...addressOf(before, rule), method: target.slice(dot + 1) };
		}
	} catch (error) {
		if (error instanceof MillraceError || error instanceof URIError) return error.message;
		throw error;
	}
	const { defaultApplication } = rule;
	if (defaultApplication === null) return "The call names no application, and there is none for such calls.";
	return { application: defaultApplication, instance: DEFAULT_INSTANCE, method: target };
}

function addressOf(text: string, { nameLength }: GatewayTargetRule): { application: string; instance: string } {
	const { application, instance } = parseApplication(text, nameLength);
	return { application, instance };
}
