// Made from the schemas in readings.ts by "npm run api-types"; a test tells when it is not current.
// layout: all readings, one file.

/** Solar panels, which only produce: power is never positive */
export type PvReading = {
    /**
     * Type of the reading, which tells what else it has
     */
    type: "pv";
    /** Start of the read, gateway clock, epoch milliseconds (ms, 0 to 8 640 000 000 000 000) */
    timestamp: number;
    /** How long the read took (ms, 0 to 3 600 000) */
    read_time_ms?: number;
    /** Manufacturer, as the gateway reports it (256 characters at most) */
    make?: string;
    /** Active power; ≤ 0, as PV only produces (W, −10 000 000 to 0) */
    W?: number;
    /** Voltage (V, −2 000 to 2 000) */
    V?: number;
    /** Current (A, −10 000 to 10 000) */
    A?: number;
    /** Rated power (W, 0 to 10 000 000) */
    rated_power_W?: number;
    /** Heat sink temperature (°C, −100 to 250) */
    heatsink_C?: number;
    /** Energy produced over the lifetime (Wh, 0 to 1 000 000 000 000) */
    total_generation_Wh?: number;
    /** Lowest power allowed now, ≤ 0 (W, −10 000 000 to 0) */
    lower_limit_W?: number;
    /** Highest power allowed now (W, −10 000 000 to 10 000 000) */
    upper_limit_W?: number;
};

/** A battery: charging is positive power */
export type BatteryReading = {
    /**
     * Type of the reading, which tells what else it has
     */
    type: "battery";
    /** Start of the read, gateway clock, epoch milliseconds (ms, 0 to 8 640 000 000 000 000) */
    timestamp: number;
    /** How long the read took (ms, 0 to 3 600 000) */
    read_time_ms?: number;
    /** Manufacturer, as the gateway reports it (256 characters at most) */
    make?: string;
    /** Active power; + charging, − discharging (W, −10 000 000 to 10 000 000) */
    W?: number;
    /** Voltage (V, −2 000 to 2 000) */
    V?: number;
    /** Current; + charging (A, −10 000 to 10 000) */
    A?: number;
    /** State of charge of the nominal capacity (0 to 1) */
    SoC_nom_fract?: number;
    /** State of health (0 to 1) */
    SoH_fract?: number;
    /** Cell temperature (°C, −100 to 250) */
    temperature_C?: number;
    /** Heat sink temperature (°C, −100 to 250) */
    heatsink_C?: number;
    /** Energy charged over the lifetime (Wh, 0 to 1 000 000 000 000) */
    total_charge_Wh?: number;
    /** Energy discharged over the lifetime (Wh, 0 to 1 000 000 000 000) */
    total_discharge_Wh?: number;
    /** Highest charging power allowed now, ≥ 0 (W, 0 to 10 000 000) */
    upper_limit_W?: number;
    /** Highest discharging power allowed now, ≤ 0 (W, −10 000 000 to 0) */
    lower_limit_W?: number;
    /** Rated power (W, 0 to 10 000 000) */
    rated_power_W?: number;
    /** Nominal capacity (Wh, 0 to 1 000 000 000 000) */
    capacity_Wh?: number;
    /** Energy that can still be charged (Wh, 0 to 1 000 000 000 000) */
    available_charge_Wh?: number;
    /** Energy that can still be discharged (Wh, 0 to 1 000 000 000 000) */
    available_discharge_Wh?: number;
};

/** A meter where the site meets the grid: import is positive power */
export type MeterReading = {
    /**
     * Type of the reading, which tells what else it has
     */
    type: "meter";
    /** Start of the read, gateway clock, epoch milliseconds (ms, 0 to 8 640 000 000 000 000) */
    timestamp: number;
    /** How long the read took (ms, 0 to 3 600 000) */
    read_time_ms?: number;
    /** Manufacturer, as the gateway reports it (256 characters at most) */
    make?: string;
    /** Active power; + import, − export (W, −10 000 000 to 10 000 000) */
    W?: number;
    /** Grid frequency (Hz, 0 to 100) */
    Hz?: number;
    /** Voltage of phase 1 to neutral (V, −2 000 to 2 000) */
    L1_V?: number;
    /** Voltage of phase 2 to neutral (V, −2 000 to 2 000) */
    L2_V?: number;
    /** Voltage of phase 3 to neutral (V, −2 000 to 2 000) */
    L3_V?: number;
    /** Current of phase 1, + in (A, −10 000 to 10 000) */
    L1_A?: number;
    /** Current of phase 2, + in (A, −10 000 to 10 000) */
    L2_A?: number;
    /** Current of phase 3, + in (A, −10 000 to 10 000) */
    L3_A?: number;
    /** Active power of phase 1, + in (W, −10 000 000 to 10 000 000) */
    L1_W?: number;
    /** Active power of phase 2, + in (W, −10 000 000 to 10 000 000) */
    L2_W?: number;
    /** Active power of phase 3, + in (W, −10 000 000 to 10 000 000) */
    L3_W?: number;
    /** Energy imported over the lifetime (Wh, 0 to 1 000 000 000 000) */
    total_import_Wh?: number;
    /** Energy exported over the lifetime (Wh, 0 to 1 000 000 000 000) */
    total_export_Wh?: number;
};

/** A charger that can also take energy out of the car: charging is positive power */
export type V2xChargerReading = {
    /**
     * Type of the reading, which tells what else it has
     */
    type: "v2x_charger";
    /** Start of the read, gateway clock, epoch milliseconds (ms, 0 to 8 640 000 000 000 000) */
    timestamp: number;
    /** How long the read took (ms, 0 to 3 600 000) */
    read_time_ms?: number;
    /** Manufacturer, as the gateway reports it (256 characters at most) */
    make?: string;
    /** Active power; + charging the car, − discharging it (W, −10 000 000 to 10 000 000) */
    W?: number;
    /** Voltage (V, −2 000 to 2 000) */
    V?: number;
    /** Current; + charging (A, −10 000 to 10 000) */
    A?: number;
    /** Grid frequency (Hz, 0 to 100) */
    Hz?: number;
    /** Voltage of phase 1 to neutral (V, −2 000 to 2 000) */
    L1_V?: number;
    /** Voltage of phase 2 to neutral (V, −2 000 to 2 000) */
    L2_V?: number;
    /** Voltage of phase 3 to neutral (V, −2 000 to 2 000) */
    L3_V?: number;
    /** Current of phase 1, + in (A, −10 000 to 10 000) */
    L1_A?: number;
    /** Current of phase 2, + in (A, −10 000 to 10 000) */
    L2_A?: number;
    /** Current of phase 3, + in (A, −10 000 to 10 000) */
    L3_A?: number;
    /** Active power of phase 1, + in (W, −10 000 000 to 10 000 000) */
    L1_W?: number;
    /** Active power of phase 2, + in (W, −10 000 000 to 10 000 000) */
    L2_W?: number;
    /** Active power of phase 3, + in (W, −10 000 000 to 10 000 000) */
    L3_W?: number;
    /** DC power, + into the battery (W, −10 000 000 to 10 000 000) */
    dc_W?: number;
    /** DC voltage (V, −2 000 to 2 000) */
    dc_V?: number;
    /** DC current, + into the battery (A, −10 000 to 10 000) */
    dc_A?: number;
    /** State of charge of the car (0 to 1) */
    vehicle_soc_fract?: number;
    /** Energy the car wants to its target (Wh, −1 000 000 000 to 1 000 000 000) */
    ev_target_energy_req_Wh?: number;
    /** Energy the car can take at most (Wh, −1 000 000 000 to 1 000 000 000) */
    ev_max_energy_req_Wh?: number;
    /** Energy the car needs at least (Wh, −1 000 000 000 to 1 000 000 000) */
    ev_min_energy_req_Wh?: number;
    /** Energy charged in this session (Wh, 0 to 1 000 000 000 000) */
    session_charge_Wh?: number;
    /** Energy discharged in this session (Wh, 0 to 1 000 000 000 000) */
    session_discharge_Wh?: number;
    /** Energy charged over the lifetime (Wh, 0 to 1 000 000 000 000) */
    total_charge_Wh?: number;
    /** Energy discharged over the lifetime (Wh, 0 to 1 000 000 000 000) */
    total_discharge_Wh?: number;
    /** Status in the charger's own words (256 characters at most) */
    status?: string;
    /** Protocol spoken with the car (256 characters at most) */
    protocol?: string;
    /** Control mode (256 characters at most) */
    control_mode?: string;
    /** Whether a car is plugged in */
    plug_connected?: boolean;
    /** Charging limits [min, 0, max] (W, −10 000 000 to 10 000 000) */
    upper_limit_W?: number | [
        number,
        number,
        number
    ];
    /** Discharging limits [−max, 0, −min] (W, −10 000 000 to 10 000 000) */
    lower_limit_W?: number | [
        number,
        number,
        number
    ];
    /** Capacity of the car's battery (Wh, 0 to 1 000 000 000 000) */
    capacity_Wh?: number;
    /** Rated power (W, 0 to 10 000 000) */
    rated_power_W?: number;
};

/** A charger that only charges: power is never negative */
export type EvChargerReading = {
    /**
     * Type of the reading, which tells what else it has
     */
    type: "ev_charger";
    /** Start of the read, gateway clock, epoch milliseconds (ms, 0 to 8 640 000 000 000 000) */
    timestamp: number;
    /** How long the read took (ms, 0 to 3 600 000) */
    read_time_ms?: number;
    /** Manufacturer, as the gateway reports it (256 characters at most) */
    make?: string;
    /** Active power; + charging the car, never negative (W, 0 to 10 000 000) */
    W?: number;
    /** Current; + charging (A, −10 000 to 10 000) */
    A?: number;
    /** Voltage (V, −2 000 to 2 000) */
    V?: number;
    /** Voltage of phase 1 to neutral (V, −2 000 to 2 000) */
    L1_V?: number;
    /** Voltage of phase 2 to neutral (V, −2 000 to 2 000) */
    L2_V?: number;
    /** Voltage of phase 3 to neutral (V, −2 000 to 2 000) */
    L3_V?: number;
    /** Current of phase 1, + in (A, −10 000 to 10 000) */
    L1_A?: number;
    /** Current of phase 2, + in (A, −10 000 to 10 000) */
    L2_A?: number;
    /** Current of phase 3, + in (A, −10 000 to 10 000) */
    L3_A?: number;
    /** Active power of phase 1, + in (W, −10 000 000 to 10 000 000) */
    L1_W?: number;
    /** Active power of phase 2, + in (W, −10 000 000 to 10 000 000) */
    L2_W?: number;
    /** Active power of phase 3, + in (W, −10 000 000 to 10 000 000) */
    L3_W?: number;
    /** Energy charged in this session (Wh, 0 to 1 000 000 000 000) */
    session_charge_Wh?: number;
    /** Energy charged over the lifetime (Wh, 0 to 1 000 000 000 000) */
    total_charge_Wh?: number;
    /** Status in the charger's own words (256 characters at most) */
    status?: string;
    /** Whether a car is plugged in */
    plug_connected?: boolean;
    /** Highest current allowed now (A, −10 000 to 10 000) */
    max_A?: number;
};

/** The AC side of an inverter */
export type InverterReading = {
    /**
     * Type of the reading, which tells what else it has
     */
    type: "inverter";
    /** Start of the read, gateway clock, epoch milliseconds (ms, 0 to 8 640 000 000 000 000) */
    timestamp: number;
    /** How long the read took (ms, 0 to 3 600 000) */
    read_time_ms?: number;
    /** Manufacturer, as the gateway reports it (256 characters at most) */
    make?: string;
    /** Active power at the AC side; + in, − out (W, −10 000 000 to 10 000 000) */
    W?: number;
    /** Apparent power (VA, −10 000 000 to 10 000 000) */
    VA?: number;
    /** Reactive power (var, −10 000 000 to 10 000 000) */
    VAR?: number;
    /** Grid frequency (Hz, 0 to 100) */
    Hz?: number;
    /** Voltage of phase 1 to neutral (V, −2 000 to 2 000) */
    L1_V?: number;
    /** Voltage of phase 2 to neutral (V, −2 000 to 2 000) */
    L2_V?: number;
    /** Voltage of phase 3 to neutral (V, −2 000 to 2 000) */
    L3_V?: number;
    /** Current of phase 1, + in (A, −10 000 to 10 000) */
    L1_A?: number;
    /** Current of phase 2, + in (A, −10 000 to 10 000) */
    L2_A?: number;
    /** Current of phase 3, + in (A, −10 000 to 10 000) */
    L3_A?: number;
    /** Active power of phase 1, + in (W, −10 000 000 to 10 000 000) */
    L1_W?: number;
    /** Active power of phase 2, + in (W, −10 000 000 to 10 000 000) */
    L2_W?: number;
    /** Active power of phase 3, + in (W, −10 000 000 to 10 000 000) */
    L3_W?: number;
    /** DC power, + into the battery (W, −10 000 000 to 10 000 000) */
    dc_W?: number;
    /** DC voltage (V, −2 000 to 2 000) */
    dc_V?: number;
    /** DC current, + into the battery (A, −10 000 to 10 000) */
    dc_A?: number;
    /** Heat sink temperature (°C, −100 to 250) */
    heatsink_C?: number;
    /** Rated power (W, 0 to 10 000 000) */
    rated_power_W?: number;
};

/** Whose reading it is, as the hub adds it to each */
export type Origin = {
    /** Organization whose reading it is */
    org_id: string;
    /** Site where it was measured */
    site_id: string;
    /** Device that the DER is a part of */
    device_id: string;
    /** DER that it is about; with `timestamp` it is unique */
    der_id: string;
    /** Name of the DER on its gateway */
    der_name: string;
    /** When the hub got it, hub clock, epoch milliseconds (ms) */
    received_at: number;
    /** true: it came more than five minutes after it was measured; absent: it did not */
    backfilled?: boolean;
};
