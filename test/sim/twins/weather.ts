import type { SimProcess } from '../world/scheduler.ts';

/** How badly the world behaves at the moment; scenarios change it. All chances are per request. */
export interface Weather {
  store: {
    /** Factor on every latency. */
    slow: number;
    /** Refused before anything happened: 503, or the connection was reset. */
    refused: number;
    /** It happened, and the answer was lost. */
    answerLost: number;
    full: boolean;
    away: boolean;
    /** What was created so recently is not listed yet. */
    staleMs: number;
  };
  bus: {
    slow: number;
    /** A note, a delivery or an answer never arrives. */
    lost: number;
    doubled: number;
    /** A later message overtakes an earlier one. */
    reordered: number;
    away: boolean;
  };
  /** Questions that are not answered. */
  rpcLost: number;
}

export const fairWeather = (): Weather => ({
  store: { slow: 1, refused: 0, answerLost: 0, full: false, away: false, staleMs: 0 },
  bus: { slow: 1, lost: 0, doubled: 0, reordered: 0, away: false },
  rpcLost: 0,
});

export function isCutOff(weather: Weather, process: SimProcess | undefined): boolean {
  return weather.bus.away || process?.offBus === true;
}
