/** What the launcher tells Ponder, by environment variables since Ponder's own config file takes no arguments. */
export interface Settings {
  readonly chainId: number;
  /** One URL may stand several times: Ponder allows 20 requests a second for each entry at first. */
  readonly rpcUrls: readonly string[];
  readonly pollingIntervalMs: number;
  readonly databaseUrl: string;
  readonly contracts: {
    /** Lower case: letter case would change Ponder's build id. */
    readonly operators: `0x${string}`;
    readonly priceFeeds: `0x${string}`;
    /** Absent where no randomness is deployed. */
    readonly vrfCoordinator?: `0x${string}` | undefined;
    /** Absent where named accounts govern. */
    readonly governance?:
      | {
          readonly accessManager: `0x${string}`;
          readonly governor: `0x${string}`;
          readonly guardian: `0x${string}`;
          readonly timelock: `0x${string}`;
          readonly token: `0x${string}`;
          readonly operatorStake: `0x${string}`;
          readonly slashing: `0x${string}`;
          readonly operatorRewards: `0x${string}`;
        }
      | undefined;
    /** Absent where nothing is paid out. */
    readonly payouts?:
      | {
          readonly distributor: `0x${string}`;
          /** Tokens whose holders are paid: all their transfers are indexed. */
          readonly tokens: readonly `0x${string}`[];
          /** Before the first transfer of any of them; that of all contracts unless given. */
          readonly startBlock?: number | undefined;
        }
      | undefined;
    /** Absent where no proofs are verified. */
    readonly proofs?:
      | {
          readonly priceAttestations: `0x${string}`;
          readonly traderRegistry: `0x${string}`;
        }
      | undefined;
    readonly startBlock: number;
  };
  /** Folder of published payouts; absent where none are served. */
  readonly payoutsFolder?: string | undefined;
}

const SETTINGS = "DODONA_INDEXER_SETTINGS";

/**
 * The environment variables that carry the settings to Ponder.
 *
 * @param settings As read back by {@link readSettings}.
 * @returns Variables to add to the child's environment.
 */
export function settingsEnvironment(settings: Settings): Record<string, string> {
  const { databaseUrl, ...rest } = settings;
  return { DATABASE_URL: databaseUrl, [SETTINGS]: JSON.stringify(rest) };
}

/**
 * Reads the settings that the launcher wrote.
 *
 * @param environment The process's environment.
 * @throws Error when Ponder was not started by the launcher.
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const text = environment[SETTINGS];
  const databaseUrl = environment["DATABASE_URL"];
  if (text === undefined || databaseUrl === undefined) {
    throw new Error(
      `${SETTINGS} and DATABASE_URL must be set: start the indexer with "node indexer/launch.ts --config FILE"`,
    );
  }
  // Written by the launcher after validation, in the same release.
  return { ...(JSON.parse(text) as Omit<Settings, "databaseUrl">), databaseUrl };
}
