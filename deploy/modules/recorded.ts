import type { ArgumentType } from "@nomicfoundation/ignition-core";

/** Arguments of constructors by future id, addresses resolved. */
export type RecordedArguments = ReadonlyMap<string, ArgumentType[]>;
