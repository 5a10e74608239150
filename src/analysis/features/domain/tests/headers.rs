//! Headers of exporters, flow records, logs and shops, and the features that each gets: all of them, by name.

use super::super::op::Source;
use super::super::*;
use crate::analysis::features::text::TextKind;

/// What a column of a table in these tests holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Has<'a> {
    /// Numbers from min to max.
    Range(f64, f64),
    /// Always the same number.
    Fixed(f64),
    /// A number that grows and is reset now and then.
    Counter,
    /// 0 or 1.
    Flag,
    /// Whole numbers that name something.
    Code,
    /// Texts that come again.
    Names,
    /// Texts that come again, these most often.
    Values(&'a [&'a str]),
    /// IP addresses.
    Addresses,
    /// Texts that are all different.
    Ids,
}

pub(super) const PERCENT: Has = Has::Range(0.5, 99.0);
pub(super) const COUNT: Has = Has::Range(0.0, 5000.0);
pub(super) const MONEY: Has = Has::Range(0.99, 2500.0);

pub(super) fn column(name: &str, has: Has) -> ColumnFacts {
    let mut facts = ColumnFacts {
        name: name.to_owned(),
        text: None,
        n_values: 1000,
        n_distinct: 400,
        min: f64::NAN,
        max: f64::NAN,
        is_whole: false,
        n_steps: 999,
        share_rising: 0.5,
        share_non_decreasing: 0.5,
        top_values: Vec::new(),
    };
    match has {
        Has::Range(min, max) => (facts.min, facts.max) = (min, max),
        Has::Fixed(value) => {
            (facts.min, facts.max, facts.n_distinct, facts.is_whole) = (value, value, 1, true);
            (facts.share_rising, facts.share_non_decreasing) = (0.0, 1.0);
        }
        Has::Counter => {
            (facts.min, facts.max, facts.is_whole) = (10.0, 1e9, true);
            (facts.share_rising, facts.share_non_decreasing) = (0.97, 0.999);
        }
        Has::Flag => (facts.min, facts.max, facts.n_distinct, facts.is_whole) = (0.0, 1.0, 2, true),
        Has::Code => (facts.min, facts.max, facts.n_distinct, facts.is_whole) = (1.0, 60_000.0, 50, true),
        Has::Names => (facts.text, facts.n_distinct) = (Some(TextKind::Categorical), 40),
        Has::Values(values) => {
            (facts.text, facts.n_distinct) = (Some(TextKind::Categorical), values.len());
            facts.top_values = values.iter().map(|&value| value.to_owned()).collect();
        }
        Has::Addresses => (facts.text, facts.n_distinct) = (Some(TextKind::Address), 90),
        Has::Ids => (facts.text, facts.n_distinct) = (Some(TextKind::Identifier), 1000),
    }
    facts
}

pub(super) const ALL: [Pack; 4] = [Pack::System, Pack::Network, Pack::Security, Pack::Business];

pub(super) const WITH_TIME: Context =
    Context { has_time: true, has_entity: true, offset_minutes: 0, window_micros: 3_600_000_000 };

pub(super) fn features(table: &[(&str, Has)], context: &Context) -> Vec<DomainFeature> {
    let columns: Vec<ColumnFacts> = table.iter().map(|&(name, has)| column(name, has)).collect();
    recognise(&columns, &ALL, context)
}

/// The names of the features are exactly these, in order.
#[track_caller]
fn check(table: &[(&str, Has)], context: &Context, expected: &[&str]) {
    let names: Vec<String> = features(table, context).into_iter().map(|feature| feature.name).collect();
    assert_eq!(names, expected);
}

#[test]
fn node_exporter() {
    let gb = Has::Range(1e8, 6e10);
    let table = [
        ("node_load1", Has::Range(0.0, 9.0)),
        ("node_load15", Has::Range(0.0, 7.0)),
        ("node_cpu_seconds_total", Has::Counter),
        ("node_memory_MemTotal_bytes", Has::Fixed(6.4e10)),
        ("node_memory_MemFree_bytes", gb),
        ("node_memory_MemAvailable_bytes", gb),
        ("node_memory_Cached_bytes", gb),
        ("node_memory_SwapTotal_bytes", Has::Fixed(8e10)),
        ("node_memory_SwapFree_bytes", gb),
        ("node_filesystem_size_bytes", Has::Fixed(5e11)),
        ("node_filesystem_avail_bytes", gb),
        ("node_filesystem_free_bytes", gb),
        ("node_disk_read_bytes_total", Has::Counter),
        ("node_disk_io_time_seconds_total", Has::Counter),
        ("node_network_receive_bytes_total", Has::Counter),
        ("node_network_transmit_bytes_total", Has::Counter),
        ("node_network_receive_packets_total", Has::Counter),
        ("node_network_receive_errs_total", Has::Counter),
        ("node_network_receive_drop_total", Has::Counter),
        ("node_netstat_Tcp_OutSegs", Has::Counter),
        ("node_netstat_Tcp_RetransSegs", Has::Counter),
        ("node_context_switches_total", Has::Counter),
        ("node_boot_time_seconds", Has::Fixed(1.7e9)),
        ("node_time_seconds", Has::Counter),
        ("node_procs_running", COUNT),
    ];
    let expected = [
        "node_memory_MemAvailable_bytes_saturation",
        "node_memory_SwapFree_bytes_saturation",
        "node_filesystem_avail_bytes_saturation",
        "node_cpu_seconds_total_per_sec",
        "node_disk_read_bytes_total_per_sec",
        "node_disk_io_time_seconds_total_per_sec",
        "node_context_switches_total_per_sec",
        "node_network_receive_bytes_total_per_packet",
        "node_network_receive_errs_total_share",
        "node_network_receive_drop_total_share",
        "node_netstat_Tcp_RetransSegs_share",
        "node_network_receive_bytes_total_direction_share",
        "node_network_receive_bytes_total_per_sec",
        "node_network_transmit_bytes_total_per_sec",
        "node_network_receive_packets_total_per_sec",
        "node_network_receive_errs_total_per_sec",
        "node_network_receive_drop_total_per_sec",
        "node_netstat_Tcp_OutSegs_per_sec",
        "node_netstat_Tcp_RetransSegs_per_sec",
    ];
    check(&table, &WITH_TIME, &expected);
    let share = features(&table, &WITH_TIME).into_iter().find(|f| f.name.ends_with("errs_total_share")).expect("made");
    assert_eq!(
        share.formula,
        "increase of node_network_receive_errs_total / increase of node_network_receive_packets_total"
    );
    // Without a time there is no rate.
    let without = features(&table, &Context { has_time: false, ..WITH_TIME });
    assert!(without.iter().all(|feature| !matches!(feature.op, Op::Rate { .. })) && !without.is_empty());
}

#[test]
fn cloud_watch() {
    let table = [
        ("CPUUtilization", PERCENT),
        ("CPUCreditBalance", COUNT),
        ("CPUCreditUsage", Has::Range(0.0, 1.0)),
        ("DiskReadBytes", Has::Range(0.0, 1e8)),
        ("DiskWriteBytes", Has::Range(0.0, 1e8)),
        ("DiskReadOps", COUNT),
        ("NetworkIn", Has::Range(100.0, 1e8)),
        ("NetworkOut", Has::Range(100.0, 1e8)),
        ("NetworkPacketsIn", COUNT),
        ("NetworkPacketsOut", COUNT),
        ("StatusCheckFailed", Has::Flag),
        ("FreeableMemory", Has::Range(1e8, 9e9)),
        ("FreeStorageSpace", Has::Range(1e8, 9e9)),
        ("SwapUsage", Has::Range(0.0, 1e7)),
        ("DatabaseConnections", COUNT),
        ("mem_used_percent", PERCENT),
        ("disk_used_percent", PERCENT),
        ("RequestCount", COUNT),
        ("TargetResponseTime", Has::Range(0.0, 3.0)),
    ];
    let expected = [
        "CPUUtilization_saturation",
        "CPUUtilization_headroom",
        "mem_used_percent_saturation",
        "mem_used_percent_headroom",
        "disk_used_percent_saturation",
        "disk_used_percent_headroom",
        "NetworkIn_per_packet",
        "NetworkOut_per_packet",
        "NetworkIn_direction_share",
        "NetworkPacketsIn_direction_share",
    ];
    check(&table, &WITH_TIME, &expected);
}

#[test]
fn hosts_with_units_in_words() {
    let table = [
        ("Memory Used (MB)", Has::Range(100.0, 15_000.0)),
        ("Memory Total (MB)", Has::Fixed(16_384.0)),
        ("Disk Used (GB)", Has::Range(5.0, 90.0)),
        ("Disk Total (TB)", Has::Fixed(1.0)),
        ("cpu_idle", PERCENT),
        ("cpu_user", PERCENT),
        ("cpu_iowait", Has::Range(0.0, 30.0)),
        ("load_avg_5", Has::Range(0.0, 20.0)),
        ("cpu_cores", Has::Code),
        ("% Processor Time", PERCENT),
        ("disk_io_wait_ms", COUNT),
    ];
    let expected = [
        "Memory Used (MB)_saturation",
        "Memory Used (MB)_headroom",
        "cpu_idle_saturation",
        "% Processor Time_saturation",
        "% Processor Time_headroom",
        "load_avg_5_per_core",
        "cpu_iowait_share_of_busy",
    ];
    check(&table, &WITH_TIME, &expected);
    // `cpu_count` is a number of cores, but only where it is whole and at least 1.
    check(&[("load1", COUNT), ("cpu_count", Has::Range(0.0, 3.5))], &WITH_TIME, &[]);
}

#[test]
fn unsw_nb15() {
    let table = [
        ("srcip", Has::Addresses),
        ("sport", Has::Code),
        ("dstip", Has::Addresses),
        ("dsport", Has::Code),
        ("proto", Has::Names),
        ("state", Has::Names),
        ("dur", Has::Range(0.0, 60.0)),
        ("sbytes", COUNT),
        ("dbytes", COUNT),
        ("sttl", Has::Range(0.0, 255.0)),
        ("sloss", COUNT),
        ("dloss", COUNT),
        ("service", Has::Names),
        ("Sload", COUNT),
        ("Dload", COUNT),
        ("Spkts", COUNT),
        ("Dpkts", COUNT),
        ("swin", Has::Range(0.0, 255.0)),
        ("smeansz", COUNT),
        ("trans_depth", Has::Range(0.0, 5.0)),
        ("res_bdy_len", COUNT),
        ("Sjit", COUNT),
        ("tcprtt", Has::Range(0.0, 2.0)),
        ("is_sm_ips_ports", Has::Flag),
        ("ct_flw_http_mthd", Has::Range(0.0, 9.0)),
        ("is_ftp_login", Has::Flag),
        ("ct_ftp_cmd", Has::Range(0.0, 4.0)),
        ("ct_srv_src", Has::Range(1.0, 60.0)),
        ("ct_dst_ltm", Has::Range(1.0, 60.0)),
        ("ct_src_dport_ltm", Has::Range(1.0, 60.0)),
    ];
    let expected = [
        "sbytes_per_packet",
        "sloss_share",
        "dbytes_per_packet",
        "dloss_share",
        "sbytes_direction_share",
        "Spkts_direction_share",
        "srcip_connections",
        "dstip_new_for_srcip",
        "dstip_distinct_per_srcip",
        "dsport_distinct_per_srcip",
    ];
    check(&table, &Context { has_time: false, ..WITH_TIME }, &expected);
}

#[test]
fn cic_flow_meter() {
    let table = [
        (" Source IP", Has::Addresses),
        (" Source Port", Has::Code),
        (" Destination IP", Has::Addresses),
        (" Destination Port", Has::Code),
        (" Protocol", Has::Code),
        (" Flow Duration", COUNT),
        (" Total Fwd Packets", COUNT),
        (" Total Backward Packets", COUNT),
        ("Total Length of Fwd Packets", COUNT),
        (" Total Length of Bwd Packets", COUNT),
        (" Fwd Packet Length Max", COUNT),
        (" Fwd Packet Length Mean", COUNT),
        ("Flow Bytes/s", COUNT),
        (" Flow Packets/s", COUNT),
        (" Flow IAT Mean", COUNT),
        ("Fwd PSH Flags", Has::Flag),
        (" Fwd Header Length", COUNT),
        ("Fwd Packets/s", COUNT),
        (" Bwd Packets/s", COUNT),
        (" Min Packet Length", COUNT),
        ("FIN Flag Count", Has::Flag),
        (" Down/Up Ratio", Has::Range(0.0, 7.0)),
        (" Average Packet Size", COUNT),
        ("Fwd Avg Bytes/Bulk", COUNT),
        ("Init_Win_bytes_forward", COUNT),
        (" Init_Win_bytes_backward", COUNT),
        (" act_data_pkt_fwd", COUNT),
        ("Active Mean", COUNT),
        ("Idle Mean", COUNT),
    ];
    let expected = [
        "Total Length of Fwd Packets_per_packet",
        "Total Length of Bwd Packets_per_packet",
        "Flow Bytes/s_per_packet",
        "Total Fwd Packets_direction_share",
        "Total Length of Fwd Packets_direction_share",
        "Fwd Packets/s_direction_share",
        "Source IP_connections",
        "Destination IP_new_for_Source IP",
        "Destination IP_distinct_per_Source IP",
        "Destination Port_distinct_per_Source IP",
    ];
    check(&table, &WITH_TIME, &expected);
}

#[test]
fn cic_flow_meter_in_short() {
    let table = [("Tot Fwd Pkts", COUNT), ("TotLen Fwd Pkts", COUNT), ("Flow Byts/s", COUNT), ("Flow Pkts/s", COUNT)];
    check(&table, &WITH_TIME, &["TotLen Fwd Pkts_per_packet", "Flow Byts/s_per_packet"]);
}

#[test]
fn net_flow_and_zeek() {
    let net_flow = [
        ("IPV4_SRC_ADDR", Has::Addresses),
        ("L4_SRC_PORT", Has::Code),
        ("IPV4_DST_ADDR", Has::Addresses),
        ("L4_DST_PORT", Has::Code),
        ("PROTOCOL", Has::Code),
        ("IN_BYTES", COUNT),
        ("IN_PKTS", COUNT),
        ("OUT_BYTES", COUNT),
        ("OUT_PKTS", COUNT),
        ("TCP_FLAGS", Has::Code),
        ("FLOW_DURATION_MILLISECONDS", COUNT),
        ("RETRANSMITTED_OUT_PKTS", COUNT),
    ];
    let expected = [
        "IN_BYTES_per_packet",
        "OUT_BYTES_per_packet",
        "RETRANSMITTED_OUT_PKTS_share",
        "IN_BYTES_direction_share",
        "IN_PKTS_direction_share",
        "IPV4_SRC_ADDR_connections",
        "IPV4_DST_ADDR_new_for_IPV4_SRC_ADDR",
        "IPV4_DST_ADDR_distinct_per_IPV4_SRC_ADDR",
        "L4_DST_PORT_distinct_per_IPV4_SRC_ADDR",
    ];
    check(&net_flow, &WITH_TIME, &expected);
    let zeek = [
        ("uid", Has::Ids),
        ("id.orig_h", Has::Addresses),
        ("id.orig_p", Has::Code),
        ("id.resp_h", Has::Addresses),
        ("id.resp_p", Has::Code),
        ("orig_bytes", COUNT),
        ("resp_bytes", COUNT),
        ("orig_pkts", COUNT),
        ("conn_state", Has::Names),
    ];
    let expected = [
        "orig_bytes_per_packet",
        "orig_bytes_direction_share",
        "id.orig_h_connections",
        "id.resp_h_new_for_id.orig_h",
        "id.resp_h_distinct_per_id.orig_h",
        "id.resp_p_distinct_per_id.orig_h",
    ];
    check(&zeek, &WITH_TIME, &expected);
}

#[test]
fn logins_of_sshd_windows_and_a_web_site() {
    let sshd = [
        ("host", Has::Names),
        ("process", Has::Values(&["sshd"])),
        ("pid", Has::Code),
        ("user", Has::Names),
        ("src_ip", Has::Addresses),
        ("port", Has::Code),
        ("auth_method", Has::Names),
        ("event", Has::Values(&["Accepted password", "Failed password", "Invalid user"])),
    ];
    let expected = [
        "src_ip_connections",
        "event_failed_share_per_src_ip",
        "user_distinct_per_src_ip",
        "src_ip_distinct_per_user",
        "src_ip_new_for_user",
        "user_rarity",
        "off_hours",
    ];
    let only_one_process: Vec<(&str, Has)> = sshd.iter().copied().filter(|(name, _)| *name != "process").collect();
    check(&only_one_process, &WITH_TIME, &expected);
    let op = features(&sshd, &WITH_TIME).into_iter().find(|f| f.name.starts_with("event")).expect("made").op;
    let Op::WindowRatio { top: Source::Is { values, .. }, .. } = op else { panic!("{op:?}") };
    assert_eq!(values, ["Failed password", "Invalid user"]);

    let windows = [
        ("EventID", Has::Values(&["4624", "4625", "4634"])),
        ("Computer", Has::Names),
        ("SubjectUserName", Has::Names),
        ("TargetUserName", Has::Names),
        ("TargetDomainName", Has::Names),
        ("LogonType", Has::Code),
        ("LogonProcessName", Has::Names),
        ("IpAddress", Has::Addresses),
        ("IpPort", Has::Code),
        ("ProcessName", Has::Names),
        ("Status", Has::Values(&["0x0", "0xc000006d"])),
    ];
    let expected = [
        "EventID_failed_share_per_IpAddress",
        "TargetUserName_distinct_per_IpAddress",
        "IpAddress_distinct_per_TargetUserName",
        "IpAddress_new_for_TargetUserName",
        "LogonProcessName_new_for_TargetUserName",
        "SubjectUserName_rarity",
        "TargetUserName_rarity",
        "LogonProcessName_rarity",
        "ProcessName_rarity",
        "off_hours",
    ];
    check(&windows, &WITH_TIME, &expected);

    let web = [
        ("User ID", Has::Code),
        ("Round-Trip Time [ms]", COUNT),
        ("IP Address", Has::Addresses),
        ("Country", Has::Names),
        ("ASN", Has::Code),
        ("User Agent String", Has::Names),
        ("Device Type", Has::Names),
        ("Login Successful", Has::Flag),
        ("Is Attack IP", Has::Flag),
    ];
    let expected = [
        "Login Successful_failed_share_per_IP Address",
        "User ID_distinct_per_IP Address",
        "IP Address_distinct_per_User ID",
        "IP Address_new_for_User ID",
        "Country_new_for_User ID",
        "User ID_rarity",
        "Country_rarity",
        "User Agent String_rarity",
        "off_hours",
    ];
    check(&web, &WITH_TIME, &expected);
}

#[test]
fn logins_that_are_counted() {
    let table = [("failed_logins", COUNT), ("successful_logins", COUNT)];
    check(&table, &WITH_TIME, &["failed_logins_failed_share", "off_hours"]);
    let table = [("num_failed_logins", COUNT), ("logged_in", Has::Flag), ("src_bytes", COUNT), ("dst_bytes", COUNT)];
    check(&table, &Context { has_time: false, ..WITH_TIME }, &["src_bytes_direction_share"]);
}

#[test]
fn shops_and_cards() {
    let funnel = [
        ("date", Has::Ids),
        ("sessions", COUNT),
        ("page_views", COUNT),
        ("orders", Has::Range(0.0, 90.0)),
        ("revenue", MONEY),
        ("refund_amount", Has::Range(0.0, 80.0)),
        ("discount_amount", Has::Range(0.0, 70.0)),
        ("discount_pct", PERCENT),
        ("conversion_rate", Has::Range(0.0, 1.0)),
        ("avg_order_value", MONEY),
    ];
    let no_entity = Context { has_entity: false, ..WITH_TIME };
    let expected = ["orders_conversion", "discount_amount_ratio", "refund_amount_ratio", "night", "weekend"];
    check(&funnel, &no_entity, &expected);

    let ads = [
        ("impressions", Has::Range(0.0, 1e6)),
        ("clicks", COUNT),
        ("conversions", Has::Range(0.0, 30.0)),
        ("ctr", PERCENT),
    ];
    let expected = ["conversions_conversion", "clicks_conversion", "night", "weekend"];
    check(&ads, &no_entity, &expected);

    let card = [
        ("cc_num", Has::Code),
        ("merchant", Has::Names),
        ("category", Has::Names),
        ("amt", MONEY),
        ("first", Has::Names),
        ("gender", Has::Names),
        ("street", Has::Names),
        ("zip", Has::Code),
        ("lat", Has::Range(20.0, 60.0)),
        ("city_pop", COUNT),
        ("job", Has::Names),
        ("trans_num", Has::Ids),
        ("unix_time", Has::Counter),
        ("merch_lat", Has::Range(20.0, 60.0)),
        ("is_fraud", Has::Flag),
    ];
    check(&card, &no_entity, &["amt_vs_own_history", "merchant_new_for_cc_num", "night", "weekend"]);

    let anonymous =
        [("Time", Has::Counter), ("V1", Has::Range(-5.0, 5.0)), ("V2", Has::Range(-5.0, 5.0)), ("Amount", MONEY)];
    check(&anonymous, &Context { has_time: false, ..no_entity }, &[]);

    let pay_sim = [
        ("step", Has::Counter),
        ("type", Has::Names),
        ("amount", MONEY),
        ("nameOrig", Has::Names),
        ("oldbalanceOrg", MONEY),
        ("newbalanceOrig", MONEY),
        ("nameDest", Has::Names),
    ];
    check(&pay_sim, &Context { has_time: false, ..no_entity }, &["amount_vs_own_history"]);

    let retail = [
        ("InvoiceNo", Has::Code),
        ("StockCode", Has::Names),
        ("Description", Has::Names),
        ("Quantity", COUNT),
        ("UnitPrice", MONEY),
        ("CustomerID", Has::Code),
        ("Country", Has::Names),
    ];
    check(&retail, &no_entity, &[]);
}

#[test]
fn the_samples_of_the_program() {
    let servers = [
        ("host", Has::Names),
        ("cpu_percent", PERCENT),
        ("memory_percent", PERCENT),
        ("disk_io_mb_s", Has::Range(0.0, 120.0)),
        ("network_mb_s", Has::Range(0.0, 120.0)),
        ("latency_ms", Has::Range(1.0, 900.0)),
        ("errors_per_min", COUNT),
        ("logins_per_min", COUNT),
    ];
    let expected = [
        "cpu_percent_saturation",
        "cpu_percent_headroom",
        "memory_percent_saturation",
        "memory_percent_headroom",
        "off_hours",
    ];
    check(&servers, &WITH_TIME, &expected);
    let transactions = [
        ("transaction_id", Has::Ids),
        ("amount", MONEY),
        ("items", Has::Range(1.0, 14.0)),
        ("hour", Has::Range(0.0, 23.0)),
        ("account_age_days", COUNT),
        ("distance_km", COUNT),
        ("n_transactions_24h", Has::Range(0.0, 40.0)),
        ("amount_vs_usual", Has::Range(0.0, 30.0)),
        ("card_present", Has::Flag),
    ];
    let context = Context { has_time: false, has_entity: false, ..WITH_TIME };
    check(&transactions, &context, &["amount_per_items", "night", "hour_sin", "hour_cos"]);
}
