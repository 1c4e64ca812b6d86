"""The shop's configuration: local.xml, core_config_data, its encryption."""
